import type { Fault, Locator } from '@overlane/wire';
import type { LocalPort } from './segment.js';

/** What becomes of a frame. The decision only: learning and counting happen for every packet. */
export type Program =
  /** It ends here. */
  | { readonly kind: 'drop'; readonly fault: Fault }
  /** To one local port. */
  | { readonly kind: 'port'; readonly port: LocalPort }
  /** Through the tunnel to one endpoint. */
  | { readonly kind: 'tunnel'; readonly locator: Locator }
  /** To everybody in the network: from a local port to all others and all endpoints, from a tunnel to local ports. */
  | { readonly kind: 'flood' }
  /** The resolver has to be asked for each such packet. */
  | { readonly kind: 'ask' }
  /** From a tunnel for a station that is not here: the resolver has a word in it each time. */
  | { readonly kind: 'not here' };

/** To everybody. */
export const FLOOD: Program = { kind: 'flood' };
/** Ask for each packet. */
export const ASK: Program = { kind: 'ask' };
/** For a station that is not here. */
export const NOT_HERE: Program = { kind: 'not here' };

/** The destination is where the frame came from. */
export const SAME_PORT: Program = { kind: 'drop', fault: 'E_SWITCH_SAME_PORT' };
/** The resolver has asked and doesn't know yet. */
export const PENDING: Program = { kind: 'drop', fault: 'E_SWITCH_PENDING' };

/** Whether two programs do the same. */
export function sameProgram(a: Program, b: Program): boolean {
  if (a === b) return true;
  if (a.kind === 'port') return b.kind === 'port' && a.port === b.port;
  if (a.kind === 'tunnel') return b.kind === 'tunnel' && a.locator.address.equals(b.locator.address);
  return a.kind === 'drop' && b.kind === 'drop' && a.fault === b.fault;
}

/** A program in words. */
export function formatProgram(program: Program): string {
  switch (program.kind) {
    case 'drop':
      return `drop ${program.fault}`;
    case 'port':
      return `port ${program.port.egress.port.name}`;
    case 'tunnel':
      return `tunnel to ${program.locator.address.toString()}`;
    default:
      return program.kind;
  }
}
