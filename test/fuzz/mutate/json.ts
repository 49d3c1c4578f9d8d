import type { Random } from '../random.ts';
import type { Mutation } from './mutation.ts';
import { mutated } from './mutation.ts';

/** Changes to JSON by its structure. A document is held as it will be written, so that it can be what no value can. */

type Node =
  | { readonly kind: 'object'; readonly members: (readonly [name: string, value: Node])[] }
  | { readonly kind: 'list'; readonly items: Node[] }
  | { readonly kind: 'text'; readonly json: string };

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(nodeOf) };
  if (typeof value !== 'object' || value === null) return { kind: 'text', json: JSON.stringify(value) };
  return {
    kind: 'object',
    members: Object.entries(value).map(([name, inner]) => [JSON.stringify(name), nodeOf(inner)]),
  };
}

function written(node: Node, gap: string): string {
  if (node.kind === 'text') return node.json;
  if (node.kind === 'list')
    return `[${gap}${node.items.map((item) => written(item, gap)).join(`,${gap}`)}${gap}]`;
  const members = node.members.map(([name, value]) => `${name}${gap}:${gap}${written(value, gap)}`);
  return `{${gap}${members.join(`,${gap}`)}${gap}}`;
}

/** Longer inputs would only take longer. */
const maxCharacters = 300_000;

const text = (json: string): Node => ({ kind: 'text', json });

/** Values that are seldom meant, as they are written. */
const oddValues = [
  ...['null', 'true', 'false', '""', '{}', '[]', '[null]', '[[]]', '" "'],
  ...[
    '0',
    '-0',
    '0.0',
    '-1',
    '1.5',
    '1e3',
    '1e308',
    '1e999',
    '-1e999',
    '1e-400',
    '01',
    '+1',
    '.5',
    '1.',
    '0x10',
  ],
  ...[
    '9007199254740991',
    '9007199254740993',
    '12345678901234567890',
    '4294967296',
    '2147483648',
    '9'.repeat(400),
  ],
  ...['NaN', 'Infinity', 'undefined', "'x'", 'x', '"', '"\n"', '//', '/**/1'],
  ...[
    '"__proto__"',
    '"constructor"',
    '"=1+1"',
    '"../../etc/passwd"',
    '"<script>"',
    '"%s%n"',
    '"\'; drop table batch"',
  ],
  ...[
    '"\\u0000"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u0007"',
    '"\\ud83d\\ude00"',
    '"\\u202e"',
    '"\\x41"',
    '"\\u12"',
  ],
  ...[
    '"\u0000"',
    '"\u007f"',
    '"\u0085"',
    '"\u2028"',
    '"\ufeff"',
    '"\uffff"',
    '"\u{1f600}"',
    '"e\u0301"',
    '"\ufdfa"',
  ],
  ...[
    '"2026-02-30T25:61:61Z"',
    '"2026-04-20T00:00:60Z"',
    '"0000-00-00T00:00:00Z"',
    '"+275760-09-13T00:00:00Z"',
  ],
  ...[
    '"2026-04-20T00:00:00+99:99"',
    '"2026-04-20"',
    '"-000001-01-01T00:00:00Z"',
    '"9999-12-31T23:59:59.999999999Z"',
  ],
];

const oddNames = [
  ...[
    '"__proto__"',
    '"constructor"',
    '"prototype"',
    '"toString"',
    '"hasOwnProperty"',
    '"length"',
    '""',
    '"0"',
  ],
  ...[
    '"\\u005f_proto__"',
    '"\\u0000"',
    '"\\ud800"',
    '"ORDERS"',
    '"orders "',
    '"order"',
    '"a b"',
    '"\u{1f600}"',
    '"id',
  ],
];

/** A stretch of text that ends where a limit may be. */
const longText = (random: Random): Node =>
  text(
    `"${random
      .pick(['A', ' ', '\\u0041', '\u00e4', '\u{1f600}', '\\\\'])
      .repeat(random.pick([17, 33, 65, 101, 129, 201, 1001, 8193, 70_000, 200_000]))}"`,
  );

function nested(random: Random, value: Node): Node {
  const depth = random.pick([1, 2, 27, 28, 29, 31, 32, 33, 64, 1000, 20_000, 150_000]);
  const open = random.pick(['[', '{"a":']);
  const close = open === '[' ? ']' : '}';
  return text(open.repeat(depth) + written(value, '') + close.repeat(random.chance(0.9) ? depth : depth - 1));
}

/** Everything in the document that holds something. */
function containers(node: Node): Exclude<Node, { kind: 'text' }>[] {
  if (node.kind === 'text') return [];
  const inner = node.kind === 'list' ? node.items : node.members.map(([, value]) => value);
  return [node, ...inner.flatMap(containers)];
}

const sizeOf = (node: Exclude<Node, { kind: 'text' }>): number =>
  node.kind === 'list' ? node.items.length : node.members.length;

/** Some value of the document, and a function that puts others in its place. */
interface Place {
  readonly value: Node;
  readonly name: string | undefined;
  put(...values: (readonly [name: string, value: Node])[]): void;
}

function somewhere(random: Random, document: Node): Place | undefined {
  const full = containers(document).filter((node) => sizeOf(node) > 0);
  if (full.length === 0) return undefined;
  const at = random.pick(full);
  const index = random.below(sizeOf(at));
  if (at.kind === 'list') {
    const value = at.items[index] ?? text('null');
    return {
      value,
      name: undefined,
      put: (...values) => void at.items.splice(index, 1, ...values.map(([, v]) => v)),
    };
  }
  const [name, value] = at.members[index] ?? ['""', text('null')];
  return { value, name, put: (...values) => void at.members.splice(index, 1, ...values) };
}

/** A change to one place. */
const somewhereIn =
  (change: (random: Random, place: Place, other: Node) => void): Mutation<Node> =>
  (random, document, other) => {
    const place = somewhere(random, document);
    if (place) change(random, place, other);
    return document;
  };

const nameOf = (random: Random, { name }: Place): string => name ?? random.pick(oddNames);

const mutations: readonly Mutation<Node>[] = [
  somewhereIn((random, place) => place.put([nameOf(random, place), text(random.pick(oddValues))])),
  somewhereIn((random, place) => place.put([nameOf(random, place), text(random.pick(oddValues))])),
  somewhereIn((_random, place) => place.put()),
  somewhereIn((random, place) => place.put([random.pick(oddNames), place.value])),
  somewhereIn((random, place) => place.put([nameOf(random, place), longText(random)])),
  somewhereIn((random, place) => place.put([nameOf(random, place), nested(random, place.value)])),
  somewhereIn((random, place) => place.put([nameOf(random, place), { kind: 'list', items: [place.value] }])),
  // The same name twice, with the same value or another.
  somewhereIn((random, place) => {
    const name = nameOf(random, place);
    place.put([name, place.value], [name, random.chance(0.5) ? place.value : text(random.pick(oddValues))]);
  }),
  somewhereIn((random, place) =>
    place.put([nameOf(random, place), place.value], [random.pick(oddNames), text(random.pick(oddValues))]),
  ),
  somewhereIn((random, place) => {
    const times = Math.min(
      random.pick([2, 3, 10, 300]),
      1 + Math.floor(maxCharacters / written(place.value, '').length),
    );
    const copy = () => [nameOf(random, place), structuredClone(place.value)] as const;
    place.put(...Array.from({ length: times }, copy));
  }),
  // A part of another document, or of another place.
  somewhereIn((random, place, other) => {
    const theirs = somewhere(random, other);
    if (theirs) place.put([nameOf(random, place), structuredClone(theirs.value)]);
  }),
  (random, document) => {
    const [one, two] = [somewhere(random, document), somewhere(random, document)];
    if (one && two) {
      // Copies: one may stand within the other.
      const [first, second] = [structuredClone(one.value), structuredClone(two.value)];
      one.put([nameOf(random, one), second]);
      two.put([nameOf(random, two), first]);
    }
    return document;
  },
  (random, document) => ({
    kind: 'list',
    items: Array.from({ length: random.between(1, 3) }, () => structuredClone(document)),
  }),
];

/** What stays a document of the same meaning, or of another good one. */
const lawful: readonly Mutation<Node>[] = [
  (random, document) => {
    for (const node of containers(document)) {
      if (node.kind === 'object') node.members.splice(0, Infinity, ...random.shuffled(node.members));
    }
    return document;
  },
  somewhereIn((random, place) => {
    if (place.value.kind !== 'text' || !/^"[A-Za-z]+"$/.test(place.value.json)) return;
    place.put([nameOf(random, place), text(random.pick(['"x"', '"\u00e9"', '"\\u00e9"', '"\u{1f600}"']))]);
  }),
  somewhereIn((random, place) => {
    if (place.value.kind !== 'text' || !/^"[^\\]*"$/.test(place.value.json)) return;
    const escaped = place.value.json.slice(1, -1).replace(/./gu, (char) => {
      const code = char.length === 1 && random.chance(0.3) ? char.charCodeAt(0).toString(16) : undefined;
      return code === undefined ? char : `\\u${code.padStart(4, '0')}`;
    });
    place.put([nameOf(random, place), text(`"${escaped}"`)]);
  }),
];

const gaps = ['', ' ', '\n', '\r\n\t', ' '.repeat(40)];
const around: readonly ((json: string) => string)[] = [
  (json) => `\ufeff${json}`,
  (json) => `${json}\n`,
  (json) => `${json},`,
  (json) => `${json}${json}`,
  (json) => `${json}\u0000`,
  (json) => json.replaceAll('}', ',}'),
  (json) => `// order\n${json}`,
  (json) => json.replaceAll('"', "'"),
  (json) => json.slice(0, -1),
];

/** JSON text of a document after some changes to its structure; sometimes only to the way it is written. */
export function mutatedJson(random: Random, document: unknown, other: unknown): Buffer {
  const list = random.chance(0.25) ? lawful : mutations;
  const changed = mutated(random, nodeOf(document), nodeOf(other), list);
  const json = written(changed, random.chance(0.8) ? '' : random.pick(gaps));
  const finished = random.chance(0.07) ? random.pick(around)(json) : json;
  return encoded(random, finished);
}

function encoded(random: Random, text: string): Buffer {
  if (random.chance(0.98)) return Buffer.from(text);
  const [utf16, latin1] = [Buffer.from(`\ufeff${text}`, 'utf16le'), Buffer.from(text, 'latin1')];
  return random.pick([utf16, utf16.subarray(2), Buffer.from(utf16).swap16(), latin1]);
}
