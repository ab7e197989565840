import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** HTTP for those who watch over a server: `/metrics` (Prometheus) and `/ready` (200, or 503 while loading or draining). */
export class MetricsServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens. @throws Error as `listen` says */
  static async open(host: string, port: number, registry: Registry, isReady: () => boolean): Promise<MetricsServer> {
    const server = createServer((request, response) => {
      const answer = (status: number, type: string, body: string): void => {
        response.writeHead(status, { 'content-type': type });
        response.end(body);
      };
      if (request.url === '/ready') {
        return isReady() ? answer(200, 'text/plain', 'ready\n') : answer(503, 'text/plain', 'not ready\n');
      }
      if (request.url !== '/metrics') return answer(404, 'text/plain', 'try /metrics or /ready\n');
      registry.metrics().then(
        (text) => answer(200, registry.contentType, text),
        (error: Error) => answer(500, 'text/plain', `${error.message}\n`),
      );
    });
    server.listen(port, host);
    await once(server, 'listening');
    return new MetricsServer(server);
  }

  /** Port number. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Closes it, and connections that are idle. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
