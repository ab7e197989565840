/** The file of `--policy`: who may ask about whom, as JSON. */
import { readFileSync } from 'node:fs';
import { type MappingKey, parseKey } from '@overlane/directory';
import type { PolicyRules } from '@overlane/directory-server';
import { UsageError } from '../../exit.js';

type Json = Readonly<Record<string, unknown>>;

/** Reads rules. @throws UsageError for a file that can't be read or says something else */
export function readPolicy(path: string): PolicyRules {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`can't read the policy: ${(error as Error).message}`);
  }
  const refuse = (what: string): never => {
    throw new UsageError(`${path}: ${what}`);
  };
  if (!isObject(content)) return refuse('it must be an object');
  const { peerings = [], groups = {}, deny = [], discloseDenied = false, ...others } = content;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    refuse(`there is no rule '${unknown}'; there are peerings, groups, deny and discloseDenied`);
  if (!isListOf(peerings, isPairOf(Number.isInteger))) return refuse('peerings must be a list of pairs of tenants');
  if (
    !isListOf(
      deny,
      isPairOf((name) => typeof name === 'string'),
    )
  )
    return refuse('deny must be a list of pairs of group names');
  if (!isObject(groups)) return refuse('groups must be an object of lists');
  if (typeof discloseDenied !== 'boolean') return refuse('discloseDenied must be true or false');
  const members = Object.entries(groups).map(([name, list]): [string, MappingKey[]] => {
    if (!isListOf(list, isObject))
      return refuse(`group '${name}' must be a list of { "tenant": 7, "address": "10.1.2.3" }`);
    return [name, (list as Json[]).map((member) => memberOf(member, name, refuse))];
  });
  return {
    peerings: peerings as [number, number][],
    groups: Object.fromEntries(members),
    deny: deny as [string, string][],
    discloseDenied,
  };
}

function memberOf({ tenant, address }: Json, group: string, refuse: (what: string) => never): MappingKey {
  try {
    return parseKey(tenant as number, String(address));
  } catch (error) {
    return refuse(`group '${group}': ${(error as Error).message}`);
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, is: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is);
}

function isPairOf(is: (each: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.length === 2 && value.every(is);
}
