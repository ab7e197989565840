import type { FlowFieldName } from '../schema/flow-field-names.js';
import { FLOW_SCHEMA } from '../schema/flow-schema.js';
import type { Schema } from '../schema/schema.js';
import { type FieldInput, MatchDraft } from './draft.js';
import type { Match } from './match.js';

/** Fields by name; those of `FLOW_SCHEMA`, their other names, or those of a schema of your own. */
export type MatchFields = { readonly [Name in FlowFieldName]?: FieldInput } & Readonly<
  Record<string, FieldInput | undefined>
>;

/**
 * The match that asks all of these: `buildMatch({ eth_type: 0x800, ip_proto: 6, ip_dst: '10.0.0.0/8', l4_dst: [80, 443] })`.
 * No field matches everything.
 * @throws ClassifierError E_UNKNOWN_FIELD, E_FIELD_WIDTH, E_VALUE_OUTSIDE_MASK, E_NOT_MASKABLE, E_PREREQ, E_RANGE_EMPTY,
 * E_RANGE_TOO_WIDE, E_DUP_FIELD, E_BAD_TEXT
 */
export function buildMatch(fields: MatchFields, schema: Schema = FLOW_SCHEMA): Match {
  const draft = new MatchDraft(schema);
  for (const [name, input] of Object.entries(fields)) if (input !== undefined) draft.set(name, input);
  return draft.finish();
}
