import { switchConfigJsonSchema } from '@overlane/switch';

/**
 * What `overlane switch --print-schema` prints: the JSON Schema of a switch's configuration. Apart from the command, because
 * a switch that forwards has no use for what it loads.
 */
export function formatSwitchSchema(): string {
  return `${JSON.stringify(switchConfigJsonSchema(), undefined, 2)}\n`;
}
