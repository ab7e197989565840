/** Checks a switch's configuration, with messages that name the field and what it may hold. */
import { z } from 'zod';
import type { SwitchConfig } from './config.js';
import { switchConfigSchema } from './config-schema.js';

/** The configuration is wrong; the message names each field and what it may hold, a line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** Fixed, so that callers can tell it from other errors. */
  readonly code = 'E_CONFIG';
  /** Path of the first field at fault, such as `ports[0].network`. */
  readonly field: string;

  /** An error about `field`. */
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** Checks a configuration and fills in its defaults. @throws ConfigError */
export function parseSwitchConfig(input: unknown): SwitchConfig {
  const result = switchConfigSchema.safeParse(input);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `${fieldName(issue.path)}: ${issue.message}`);
  throw new ConfigError(fieldName(result.error.issues[0]!.path), lines.join('\n'));
}

/** The schema as JSON Schema (draft 2020-12), for editors and other checkers. */
export function switchConfigJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(switchConfigSchema, { io: 'input', unrepresentable: 'any' });
}

function fieldName(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text === '' ? 'configuration' : text.replace(/^\./, '');
}
