import { type Field, wordsOf } from './field.js';
import type { Schema } from './schema.js';

const HEADINGS = ['Word', 'Bits', 'Field', 'Width', 'Written as', 'Needs', 'Holds'] as const;

/** The fields of a schema as a table in Markdown, one row each, in the order of their bits; an empty row between stages. */
export function describeSchema(schema: Schema): string {
  const fields = [...schema.fields].sort((a, b) => a.offset - b.offset || b.width - a.width);
  const rows: (readonly string[])[] = [];
  let stage = 0;
  for (const field of fields) {
    const ofField = schema.stageOf(field.offset >>> 5);
    if (ofField !== stage) rows.push(HEADINGS.map(() => ''));
    stage = ofField;
    rows.push(rowOf(field));
  }
  const widths = HEADINGS.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(HEADINGS), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function rowOf(field: Field): string[] {
  const { offset, width, name, within, meaning } = field;
  const words = wordsOf(field).map(({ word }) => word);
  const [first, last] = [offset & 31, (offset + width - 1) & 31];
  return [
    words.length === 1 ? `${words[0]}` : `${words[0]}-${words.at(-1)}`,
    width === 1 ? `${first}` : `${first}-${last}`,
    `\`${name}\``,
    `${width}`,
    writtenAs(field),
    needs(field),
    within === undefined ? meaning : `${meaning} (in \`${within}\`)`,
  ];
}

function writtenAs({ format, flags = [], names = {}, maskable }: Field): string {
  const words = [...flags, ...Object.keys(names)];
  const text = format === 'ip' ? 'IP' : format === 'mac' ? 'MAC' : format;
  return `${text}${words.length === 0 ? '' : ` (${words.join(' ')})`}${maskable ? '' : ', exact'}`;
}

function needs({ requires = [] }: Field): string {
  return requires
    .map((set) =>
      Object.entries(set)
        .map(([name, values]) => `\`${name}\` ${values.map((value) => textOf(name, value)).join('/')}`)
        .join(', '),
    )
    .join(' or ');
}

function textOf(name: string, value: number): string {
  return name === 'eth_type' ? `0x${value.toString(16).padStart(4, '0')}` : `${value}`;
}
