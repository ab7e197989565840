/** The picture of a header as RFCs draw it. */
import type { Field } from './field.js';

const ROW_BITS = 32;
const RULER = [
  ' 0                   1                   2                   3  ',
  ' 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1',
].map((line) => line.trimEnd());
/** A label in a one-bit cell is written downwards, in no more letters than this. */
const LETTERS_MAX = 3;
/** What stands in a reserved cell that is too narrow for its label. */
const RESERVED = 'Rsvd';

/** The bits `from..to` (`to` excluded) of one row that belong to one field. */
interface Cell {
  readonly field: Field;
  readonly from: number;
  readonly to: number;
}

type Row = readonly Cell[];

/** Where the label of a field stands: inside a row, or on the line below it. */
interface LabelPlace {
  readonly row: number;
  readonly on: 'row' | 'line below';
}

/** Draws `fields`, 32 bits a row. A field over several rows is one open box; a variable tail has `~` at its sides. */
export function drawDiagram(fields: readonly Field[]): string {
  const rows = layOut(fields);
  const places = new Map(fields.map((field) => [field, placeLabel(rows, field)]));
  const lines = [...RULER, drawLine(undefined, rows[0], places, -1)];
  rows.forEach((row, i) => {
    lines.push(...drawRow(row, places, i), drawLine(row, rows[i + 1], places, i));
  });
  return lines.join('\n');
}

function layOut(fields: readonly Field[]): Row[] {
  const rows: Cell[][] = [];
  let bit = 0;
  const add = (field: Field, bits: number): void => {
    for (let left = bits; left > 0;) {
      const from = bit % ROW_BITS;
      const to = Math.min(ROW_BITS, from + left);
      if (from === 0) rows.push([]);
      rows.at(-1)!.push({ field, from, to });
      bit += to - from;
      left -= to - from;
    }
  };
  for (const field of fields) {
    // A tail takes what is left of its first row, and a whole row that stands for any number of them.
    const left = (ROW_BITS - (bit % ROW_BITS)) % ROW_BITS;
    add(field, field.kind === 'rest' ? left + ROW_BITS : field.bits);
  }
  return rows;
}

/** In the middle of the field's whole rows, or in its widest cell. */
function placeLabel(rows: readonly Row[], field: Field): LabelPlace {
  const cells = rows.flatMap((row, i) => row.filter((cell) => cell.field === field).map((cell) => ({ row: i, cell })));
  if (field.kind === 'rest') return { row: cells.at(-1)!.row, on: 'row' };
  const width = Math.max(...cells.map(({ cell }) => cell.to - cell.from));
  const widest = cells.filter(({ cell }) => cell.to - cell.from === width);
  const whole = width === ROW_BITS ? widest.length : 1;
  const middle = widest[Math.floor((whole - 1) / 2)]!.row;
  return { row: middle, on: whole % 2 === 0 ? 'line below' : 'row' };
}

function drawRow(row: Row, places: ReadonlyMap<Field, LabelPlace>, index: number): string[] {
  const texts = row.map(({ field, from, to }) => {
    const place = places.get(field)!;
    return place.row === index && place.on === 'row' ? fitLabel(field, 2 * (to - from) - 1) : [];
  });
  const height = Math.max(1, ...texts.map((text) => text.length));
  // A tail's own row: the sides say that it may be any number of rows.
  const side = row.length === 1 && row[0]!.field.kind === 'rest' ? '~' : '|';
  return Array.from({ length: height }, (_, line) => {
    const cells = row.map(({ from, to }, i) => {
      const text = texts[i]!;
      return centre(text[line - Math.floor((height - text.length) / 2)] ?? '', 2 * (to - from) - 1);
    });
    return side + cells.join('|') + side;
  });
}

/** The line between two rows, open where one field goes on below itself. */
function drawLine(
  above: Row | undefined,
  below: Row | undefined,
  places: ReadonlyMap<Field, LabelPlace>,
  index: number,
): string {
  const bits = Math.max(above?.at(-1)?.to ?? 0, below?.at(-1)?.to ?? 0);
  const at = (row: Row | undefined, bit: number): Field | undefined =>
    row?.find(({ from, to }) => from <= bit && bit < to)?.field;
  const open = (bit: number): boolean => at(above, bit) !== undefined && at(above, bit) === at(below, bit);
  let line = '';
  for (let bit = 0; bit < bits; bit++) {
    line += bit > 0 && open(bit - 1) && open(bit) ? ' ' : '+';
    line += open(bit) ? ' ' : '-';
  }
  line += '+';
  const labelled = above?.find(({ field }) => {
    const place = places.get(field)!;
    return place.row === index && place.on === 'line below';
  });
  return labelled === undefined ? line : `+${centre(labelled.field.label, line.length - 2)}+`;
}

/** The label as lines no wider than `width` characters: wrapped, else its initials, else cut. */
function fitLabel({ label, reserved }: Field, width: number): string[] {
  if (reserved && label.length > width) return [width < RESERVED.length ? 'R' : RESERVED];
  const words = label.split(' ');
  const initials = words.map((word) => word[0]!.toUpperCase()).join('');
  if (width === 1) return [...(label.length <= LETTERS_MAX ? label.toUpperCase() : initials.slice(0, LETTERS_MAX))];
  if (label.length <= width) return [label];
  if (words.every((word) => word.length <= width)) return wrap(words, width);
  return words.length > 1 && initials.length <= width ? [initials] : [label.slice(0, width)];
}

function wrap(words: readonly string[], width: number): string[] {
  const lines = [words[0]!];
  for (const word of words.slice(1)) {
    const longer = `${lines.at(-1)!} ${word}`;
    if (longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function centre(text: string, width: number): string {
  return text.padStart(text.length + Math.floor((width - text.length) / 2)).padEnd(width);
}
