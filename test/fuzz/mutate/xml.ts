import type { Random } from '../random.ts';
import { mutated, type Mutation } from './mutation.ts';

/** Changes to XML by its structure. A document is held as it will be written, so that it can be what no parser gives. */

export interface Element {
  name: string;
  /** As they are written, with the space before them. */
  attributes: string;
  content: Node[];
}
type Node = Element | string;

/** Longer inputs would only take longer. */
const maxCharacters = 300_000;

export const written = (node: Node): string =>
  typeof node === 'string'
    ? node
    : `<${node.name}${node.attributes}>${node.content.map(written).join('')}</${node.name.split(' ')[0] ?? ''}>`;

const oddTexts = [
  ...[
    '',
    ' ',
    '\n',
    '&amp;',
    '&lt;',
    '&#65;',
    '&#x1F600;',
    '&#0;',
    '&#x0;',
    '&#xD800;',
    '&#xFFFE;',
    '&#9;',
    '&#27;',
  ],
  ...[
    '&foo;',
    '&',
    '&;',
    '&#;',
    '&#x;',
    '&#99999999999;',
    '&#x110000;',
    '&amp',
    '&lt;x&gt;',
    '<',
    '>',
    ']]>',
    '<<',
  ],
  ...[
    '<![CDATA[x]]>',
    '<![CDATA[<a>]]>',
    '<![CDATA[&amp;]]>',
    '<![CDATA[',
    '<![CDATA[]]]]>',
    '<!-- x -->',
    '<!-- -- -->',
  ],
  ...[
    '<!--',
    '<?pi x?>',
    '<?xml version="1.0"?>',
    '<?pi',
    '<x/>',
    '<x></y>',
    '</x>',
    '<x a="1" a="2"/>',
    '<x a=1/>',
    '<1/>',
  ],
  ...[
    '<a:b/>',
    '<a:b xmlns:a="urn:a"/>',
    '<xmlns:a/>',
    '<x xmlns=""/>',
    '<x xml:lang="en"/>',
    '<__proto__/>',
    '<constructor>1</constructor>',
  ],
  ...[
    '\u0000',
    '\u0007',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\uffff',
    '\u{1f600}',
    'e\u0301',
    '\u202e',
    '012345678901234',
    'true',
    '1e999',
  ],
];

const longTexts = (random: Random): string =>
  random
    .pick(['A', '&#65;', '&amp;', '<x/>', '<!---->', '<![CDATA[x]]>', '<x a="1"/>', '\u{1f600}', '<', '&'])
    .repeat(random.pick([33, 1001, 20_000]));

const oddNames = [
  '__proto__',
  'constructor',
  'toString',
  'a:b',
  'a:b:c',
  ':a',
  'a:',
  'xmlns',
  'xml',
  '1a',
  '-a',
  'a b',
  '',
  '#text',
  ':@',
  '\u00e9',
  'ORDERS',
];

const oddAttributes = [
  ...[
    ' a="1"',
    " a='1'",
    ' a="1" a="2"',
    ' a=1',
    ' a',
    ' a="<"',
    ' a="&lt;"',
    ' a="&x;"',
    ' a="',
    ' a="1"b="2"',
    ' ="1"',
  ],
  ...[
    ' xmlns="urn:a"',
    ' xmlns=""',
    ' xmlns:a="urn:a"',
    ' xmlns:a=""',
    ' xmlns:xml="urn:a"',
    ' xmlns:xmlns="urn:a"',
  ],
  ...[' a:b="1"', ' xml:space="preserve"', ' __proto__="1"', ' constructor="1"', '\t\n a \n= "1" '],
];

const elementsOf = (element: Element): Element[] => [
  element,
  ...element.content.filter((node) => typeof node !== 'string').flatMap(elementsOf),
];

/** A change to one element. */
const somewhere =
  (change: (random: Random, element: Element, other: Element) => void): Mutation<Element> =>
  (random, document, other) => {
    change(random, random.pick(elementsOf(document)), random.pick(elementsOf(other)));
    return document;
  };

const place = (random: Random, { content }: Element): number => random.below(content.length + 1);

const mutations: readonly Mutation<Element>[] = [
  somewhere((random, element) => (element.content = [random.pick(oddTexts)])),
  somewhere((random, element) => (element.content = [...element.content, random.pick(oddTexts)])),
  somewhere((random, element) => (element.content = [longTexts(random)])),
  somewhere((random, element) => element.content.splice(place(random, element), 0, random.pick(oddTexts))),
  somewhere((random, element) => element.content.splice(place(random, element), 1)),
  somewhere((random, element) => (element.name = random.pick(oddNames))),
  somewhere((_random, element, other) => ([element.name, other.name] = [other.name, element.name])),
  somewhere((random, element) => (element.attributes += random.pick(oddAttributes))),
  somewhere((random, element) => {
    const count = random.pick([2, 300, 20_000]);
    element.attributes = Array.from({ length: count }, (_, n) => ` a${n}="${n}"`).join('');
  }),
  somewhere((random, element) => {
    const index = place(random, element);
    const [node = ''] = element.content.slice(index);
    const most = 1 + Math.floor(maxCharacters / (1 + written(node).length));
    const copies = Array.from({ length: Math.min(random.pick([2, 3, 300]), most) }, () =>
      structuredClone(node),
    );
    element.content.splice(index, 0, ...copies);
  }),
  somewhere((random, element, other) =>
    element.content.splice(place(random, element), 0, structuredClone(other)),
  ),
  somewhere((random, element) => (element.content = random.shuffled(element.content))),
  somewhere((random, element) => {
    const depth = random.pick([1, 50, 95, 99, 100, 101, 5000, 50_000]);
    const ends = random.chance(0.9) ? '</n>'.repeat(depth) : '';
    element.content = ['<n>'.repeat(depth), ...element.content, ends];
  }),
];

/** What stays a document of the same meaning. */
const lawful: readonly Mutation<Element>[] = [
  somewhere((random, element) => element.content.push(random.pick(['<!-- x -->', '<?pi x?>']))),
  somewhere((_random, element) => {
    element.content = element.content.map((node) =>
      typeof node === 'string' ? `<![CDATA[${node}]]>` : node,
    );
  }),
  somewhere((_random, element) => (element.attributes += ' xml:lang="en"')),
  somewhere(
    (_random, element) =>
      (element.content = element.content.flatMap((node) =>
        typeof node === 'string' ? [node] : ['\n  ', node],
      )),
  ),
];

const laughs =
  '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>';

const around: readonly ((xml: string) => string)[] = [
  (xml) => `<?xml version="1.0" encoding="UTF-8"?>\n${xml}\n`,
  (xml) => `<?xml version='1.0' encoding='iso-8859-1' standalone="yes" ?>${xml}`,
  (xml) => `<?xml version="1.1"?>${xml}`,
  (xml) => `<?xml encoding="UTF-8"?>${xml}`,
  (xml) => `<?xml version="1.0" encoding="UTF-16"?>${xml}`,
  (xml) => `<?xml version="1.0" encoding="${'x'.repeat(3000)}"?>${xml}`,
  (xml) => `\ufeff${xml}`,
  (xml) => `\ufeff<?xml version="1.0" encoding="US-ASCII"?>${xml}`,
  (xml) => ` <?xml version="1.0"?>${xml}`,
  (xml) => `<!DOCTYPE a>${xml}`,
  (xml) => `<!DOCTYPE a SYSTEM "file:///etc/passwd">${xml}`,
  (xml) => `${laughs}${xml.replace('>', '>&c;')}`,
  (xml) => `<!doctype a [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]>${xml.replace('>', '>&x;')}`,
  (xml) => `${' '.repeat(70_000)}<!DOCTYPE a>${xml}`,
  (xml) => `${xml}${xml}`,
  (xml) => `${xml}text`,
  (xml) => `<!-- ${'x'.repeat(70_000)} -->${xml}<!-- x -->`,
  (xml) => xml.slice(0, -1),
  (xml) => xml.replace(/<\/[^>]*>/, ''),
  (xml) => xml.replaceAll('><', '>\r\n<'),
];

/** XML of a document after some changes to its structure; sometimes only to the way it is written. */
export function mutatedXml(random: Random, document: Element, other: Element): Buffer {
  const list = random.chance(0.3) ? lawful : mutations;
  const xml = written(mutated(random, structuredClone(document), structuredClone(other), list));
  const finished = random.chance(0.3) ? random.pick(around)(xml) : xml;
  if (random.chance(0.97)) return Buffer.from(finished);
  const utf16 = Buffer.from(`\ufeff${finished}`, 'utf16le');
  return random.pick([utf16, utf16.subarray(2), Buffer.from(finished, 'latin1')]);
}
