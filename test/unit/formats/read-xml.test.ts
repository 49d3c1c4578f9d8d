import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { readXml } from '../../../shared/formats/read-xml.ts';
import { childrenOf, type XmlElement } from '../../../shared/formats/xml-element.ts';
import { Fault } from '../../../shared/runtime/faults.ts';

const read = (text: string | Uint8Array) => readXml(Buffer.from(text as string));

/** Code and detail of what it is refused for. */
function refusal(text: string | Uint8Array): { code: string; detail: string } {
  try {
    return { code: 'none', detail: JSON.stringify(read(text)) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { code: error.code, detail: error.detail };
  }
}

const notWellFormed = (detail: unknown) => ({ code: 'XML_NOT_WELL_FORMED', detail });

const element = (name: string, changes: Partial<XmlElement> = {}): XmlElement => ({
  namespace: '',
  name,
  attributes: [],
  children: [],
  text: '',
  ...changes,
});

describe('DTD', () => {
  test.each([
    ['alone', '<!DOCTYPE a><a/>', 1],
    ['that nothing closes', '<!DOCTYPE a [', 1],
    ['after a declaration', '<?xml version="1.0"?>\n<!DOCTYPE a><a/>', 2],
    ['of another case', '<!doctype a><a/>', 1],
    ['in the middle', '<a>\n<!DOCTYPE b></a>', 2],
    ['after the root', '<a/>\n\n<!DOCTYPE b>', 3],
    ['after a comment of 200 KB', `<!--${'x'.repeat(200_000)}-->\n<!DOCTYPE a><a/>`, 2],
    ['behind comments that name others', '<!-- <!DOCTYPE a> -->\n<!DOCTYPE a><a/>', 2],
    ['behind an instruction with quotes', '<?p it\'s "?>\n<!DOCTYPE a><a/>', 2],
    ['twice', '<!DOCTYPE a><!DOCTYPE a><a/>', 1],
    ['that says what an element holds', '<a>\n<!ELEMENT a ANY></a>', 2],
    ['an entity on its own', '<!ENTITY a "b"><a/>', 1],
  ])('X01: a document type definition is refused with its line: %s', (_what, text, line) => {
    expect(refusal(text)).toEqual({ code: 'XML_DTD', detail: `line ${line}` });
  });

  test('X01: a document type definition in an encoding that is allowed is refused too', () => {
    const text = '<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE é><é/>';
    expect(refusal(Buffer.from(text, 'latin1')).code).toBe('XML_DTD');
  });

  test.each(['utf16le', 'ucs2'] as const)('X01: hidden in %s it is refused for the encoding', (encoding) => {
    for (const mark of ['', '\ufeff']) {
      expect(refusal(Buffer.from(`${mark}<!DOCTYPE a><a/>`, encoding)).code).toBe('ENCODING');
    }
  });

  test('X01: the same characters in comments and CDATA sections are no DTD', () => {
    expect(read('<a><!-- <!DOCTYPE a> --><![CDATA[<!DOCTYPE a>]]></a>').text).toBe('<!DOCTYPE a>');
  });

  test('X01: neither a file nor the network is reached', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'xml-'));
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(request.url ?? '');
      response.end('<!ENTITY x "CANARY-HTTP">');
    }).listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const canary = join(folder, 'canary.txt');
      await writeFile(canary, 'CANARY-FILE');
      for (const text of [
        `<!DOCTYPE a SYSTEM "${host}/external.dtd"><a/>`,
        `<!DOCTYPE a [<!ENTITY x SYSTEM "file://${canary}">]><a>&x;</a>`,
        `<!DOCTYPE a [<!ENTITY x SYSTEM "${host}/entity">]><a>&x;</a>`,
        `<!DOCTYPE a [<!ENTITY % x SYSTEM "${host}/parameter"> %x;]><a/>`,
        `<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file://${canary}" parse="text"/></a>`,
        `<?xml-stylesheet href="${host}/style.xsl"?><a xmlns="${host}/namespace"/>`,
      ]) {
        expect(JSON.stringify(refusal(text))).not.toContain('CANARY');
      }
      // A request of the reader would have come before this one.
      await (await fetch(`${host}/last`)).text();
      expect(requests).toEqual(['/last']);
    } finally {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    }
  });

  test.each([
    ['entities within entities', billionLaughs()],
    [
      'one large entity',
      `<!DOCTYPE a [<!ENTITY x "${'x'.repeat(100_000)}">]><a>${'&x;'.repeat(100_000)}</a>`,
    ],
    ['an entity of itself', '<!DOCTYPE a [<!ENTITY x "&x;">]><a>&x;</a>'],
    ['many definitions', '<!DOCTYPE a [<!ENTITY x "y">]>'.repeat(10_000)],
  ])('X02: %s are refused at the DTD', (_what, text) => {
    expect(refusal(text).code).toBe('XML_DTD');
  });

  test('X02: a flood of references is refused', () => {
    expect(refusal(`<a>${'&#65;'.repeat(500_000)}</a>`)).toEqual({
      code: 'TOO_LARGE',
      detail: 'line 1: more than 100000 elements, attributes and references',
    });
  });
});

function billionLaughs(): string {
  const levels = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`);
  return `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">${levels.join('')}]><l>&l9;</l>`;
}

describe('references', () => {
  test('the predefined ones and numbers are what they mean, once', () => {
    expect(read('<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x1F600;&#9;&#xd;&amp;lt;</a>').text).toBe(
      '<>&"\'AB😀\t\r&lt;',
    );
    expect(read('<a b="&lt;&#10;&amp;amp;"/>').attributes[0]?.value).toBe('<\n&amp;');
  });

  test.each([
    ['an entity of HTML', '<a>\n&nbsp;</a>', 'line 2: an & begins no reference'],
    ['an & alone', '<a>x & y</a>', 'line 1: an & begins no reference'],
    ['in an attribute', '<a b="&x;"/>', 'line 1: an & begins no reference'],
    ['upper case', '<a>&AMP;</a>', 'line 1: an & begins no reference'],
    ['#X', '<a>&#X41;</a>', 'line 1: an & begins no reference'],
    ['in two parts', '<a>&<!-- -->#65;</a>', 'line 1: an & begins no reference'],
    ['no number', '<a>&#;</a>', 'line 1: an & begins no reference'],
    ['beyond the last character', '<a>&#x110000;</a>', 'a reference to a number that is no character'],
    ['a very long number', '<a>&#99999999999999999999;</a>', 'line 1: an & begins no reference'],
    ['half a character', '<a>&#xD800;</a>', 'a reference to a number that is no character'],
    ['U+FFFE', '<a>&#xFFFE;</a>', 'a reference to a number that is no character'],
  ])('X02: what is no reference is refused: %s', (_what, text, detail) => {
    expect(refusal(text)).toEqual(notWellFormed(expect.stringContaining(detail)));
  });

  test.each(['&#0;', '&#x0;', '&#8;', '&#x1b;', '&#127;', '&#x9B;'])(
    'V09: a control character is refused, written as %s',
    (text) => {
      expect(refusal(`<a>${text}</a>`).code).toBe('CONTROL_CHAR');
      expect(refusal(`<a b="${text}"/>`).code).toBe('CONTROL_CHAR');
    },
  );

  test('V09: a control character is refused with its line', () => {
    expect(refusal('<a>\n\0</a>')).toEqual({ code: 'CONTROL_CHAR', detail: 'line 2: U+0000' });
    expect(refusal('<a/><!-- \u001b -->')).toEqual({ code: 'CONTROL_CHAR', detail: 'line 1: U+001B' });
  });
});

describe('well-formed', () => {
  test.each([
    ['nothing', '', 'line 1: there is no element'],
    ['white space', '\n\n', 'line 3: there is no element'],
    ['text', 'hello world', 'line 1: text stands outside of the root element'],
    ['an unclosed element', '<a>\n<b>1</b>', 'line 1: the element that begins here has no end'],
    ['an inner one', '<a>\n<b>1</a>', 'line 2: an end tag does not fit the element that is open'],
    ['crossed ones', '<a><b></a></b>', 'line 1: an end tag does not fit the element that is open'],
    ['an end tag alone', '<a/></a>', 'line 1: an end tag does not fit the element that is open'],
    ['another case', '<a></A>', 'line 1: an end tag does not fit the element that is open'],
    ['another prefix', '<p:a xmlns:p="u" xmlns:q="u"></q:a>', 'line 1: an end tag does not fit'],
    ['cut in a tag', '<a><b', 'line 1: a tag is not as it should be, or is cut off'],
    ['cut in an attribute', '<a><b c="', 'line 1: a tag is not as it should be, or is cut off'],
    ['cut in an end tag', '<a></a', 'line 1: an end tag is not as it should be, or is cut off'],
    ['cut in a comment', '<a/>\n<!-- x', 'line 2: the comment that begins here is not closed'],
    ['-- in a comment', '<a/><!-- x -- y -->', 'line 1: the comment that begins here is not closed'],
    ['cut in a CDATA section', '<a>\n<![CDATA[x</a>', 'line 2: the CDATA section that begins here'],
    ['cut in an instruction', '<a/><?p x', 'line 1: a processing instruction is not as it should be'],
    ['text behind the root', '<a/>\nx', 'line 1: text stands outside of the root element'],
    ['a CDATA section behind the root', '<a/>\n<![CDATA[x]]>', 'line 2: text stands outside'],
    ['a reference behind the root', '<a/>&amp;', 'line 1: text stands outside of the root element'],
    ['two roots', '<a/>\n<b/>', 'line 2: there is a second root element'],
    ['two documents', '<a></a><?xml version="1.0"?><a/>', 'line 1: an XML declaration stands within'],
    ['a declaration that comes late', '\n<?xml version="1.0"?><a/>', 'line 2: an XML declaration'],
    ['a declaration without version', '<?xml encoding="UTF-8"?><a/>', 'line 1: the XML declaration'],
    ['an attribute twice', '<a b="1" b="2"/>', 'a name is not one, or an attribute stands twice'],
    ['an attribute without quotes', '<a b=1/>', 'line 1: a tag is not as it should be'],
    ['an attribute without value', '<a b/>', 'line 1: a tag is not as it should be'],
    ['attributes without space', '<a b="1"c="2"/>', 'line 1: a tag is not as it should be'],
    ['< in an attribute', '<a b="<"/>', 'line 1: a tag is not as it should be'],
    ['< in a text', '<a>1 < 2</a>', 'line 1: a tag is not as it should be'],
    [']]> in a text', '<a>]]></a>', 'line 1: ]]> stands outside of a CDATA section'],
    ['a name that begins with a digit', '<1/>', 'a name is not one, or an attribute stands twice'],
    ['a space before the name', '< a/>', 'line 1: a tag is not as it should be'],
    ['<! that is nothing', '<a><!x></a>', 'line 1: neither a comment nor a CDATA section'],
    ['a code that is no character', '<a>\n\ufffe</a>', 'line 2: it has a code that is no character'],
    ['JSON', '{"a":1}', 'line 1: text stands outside of the root element'],
  ])('X03: is refused when it is not: %s', (_what, text, detail) => {
    expect(refusal(text)).toEqual(notWellFormed(expect.stringContaining(detail)));
  });

  test('X03: a document is refused wherever it is cut', () => {
    const whole =
      '<?xml version="1.0"?><!-- c --><a xmlns:p="u" b="1&amp;2"><p:c>x&#65;<![CDATA[<y>]]></p:c><?p q?></a>';
    expect(refusal(whole).code).toBe('none');
    for (let length = 0; length < whole.length; length++) {
      expect([length, refusal(whole.slice(0, length)).code]).toEqual([length, 'XML_NOT_WELL_FORMED']);
    }
  });

  test('O12: what is told never holds content', () => {
    const texts = [
      '<CANARY>',
      '<a CANARY="1" CANARY="2"/>',
      '<a><CANARY></a>',
      '<a>&CANARY;</a>',
      '<CANARY:a/>',
      '<a b="CANARY',
      'CANARY',
      '<a/>CANARY',
      '<!DOCTYPE CANARY><a/>',
      '<?CANARY',
    ];
    for (const text of texts) expect(JSON.stringify(refusal(text))).not.toContain('CANARY');
  });
});

describe('the tree', () => {
  test('texts, attributes, comments, instructions and CDATA sections', () => {
    const text =
      '\ufeff<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<!-- before -->\n' +
      `<a b="1" c='2"'>x<b/>y<!-- c -->z<?p it's?><![CDATA[<&amp;>]]>&lt;<b> q </b>\n</a>\n<!-- after --><?p?>\n`;
    expect(read(text)).toEqual(
      element('a', {
        attributes: [
          { namespace: '', name: 'b', value: '1' },
          { namespace: '', name: 'c', value: '2"' },
        ],
        children: [element('b'), element('b', { text: ' q ' })],
        text: 'xyz<&amp;><\n',
      }),
    );
  });

  test('an instruction with quotes hides nothing of the document', () => {
    expect(read("<a><?p '?><b>1</b><?p '?></a>").children).toEqual([element('b', { text: '1' })]);
  });

  test('line ends are one character; in attributes they and tabs are blanks', () => {
    expect(read('<a b="x\r\ny\tz\nq">1\r\n2\r3\n<![CDATA[4\r\n]]></a>')).toMatchObject({
      text: '1\n2\n3\n4\n',
      attributes: [{ value: 'x y z q' }],
    });
  });

  test('V10: digits stay as they are', () => {
    const text = '<a b="007"><imei>012345678901234</imei><n>1e5</n><t>true</t><h>0x1F</h></a>';
    expect(read(text).children.map((child) => child.text)).toEqual([
      '012345678901234',
      '1e5',
      'true',
      '0x1F',
    ]);
    expect(read(text).attributes[0]?.value).toBe('007');
  });

  test('X04: one element is a list as many are, and none is an empty one', () => {
    const device = (n: number) => `<device><id>${n}</id></device>`;
    const ids = (text: string) =>
      childrenOf(read(text), '', 'device').map((found) => childrenOf(found, '', 'id').map((id) => id.text));
    expect(ids('<a><other/></a>')).toEqual([]);
    expect(ids(`<a>${device(1)}</a>`)).toEqual([['1']]);
    expect(ids(`<a>${device(1)}<other/>${device(2)}</a>`)).toEqual([['1'], ['2']]);
    expect(Object.keys(read('<a/>'))).toEqual(Object.keys(read(`<a b="1">x${device(1)}</a>`)));
  });

  test('J01: names of a prototype are names', () => {
    const text =
      '<__proto__ constructor="1" __proto__="2"><constructor/><toString>3</toString><prototype/></__proto__>';
    const root = read(text);
    expect(root.name).toBe('__proto__');
    expect(root.attributes.map(({ name, value }) => [name, value])).toEqual([
      ['constructor', '1'],
      ['__proto__', '2'],
    ]);
    expect(root.children.map(({ name, text }) => [name, text])).toEqual([
      ['constructor', ''],
      ['toString', '3'],
      ['prototype', ''],
    ]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(root)).toBe(Object.prototype);
  });
});

describe('size', () => {
  const nested = (depth: number) => `${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}`;

  test('X05: 100 levels are read, 101 are not', () => {
    expect(refusal(nested(100)).code).toBe('none');
    expect(refusal(`<r>${nested(99)}${nested(99)}</r>`).code).toBe('none');
    expect(refusal(nested(101))).toEqual({
      code: 'XML_TOO_DEEP',
      detail: 'line 1: nested deeper than 100 levels',
    });
    expect(refusal(`${'<a>'.repeat(100)}<a/>${'</a>'.repeat(100)}`).code).toBe('XML_TOO_DEEP');
  });

  test('X05: a depth of a million, never closed, is refused', () => {
    expect(refusal('<a>'.repeat(1_000_000)).code).toBe('XML_TOO_DEEP');
  });

  test('X05: a document above the limit is refused before it is looked at', () => {
    const bytes = Buffer.alloc(4 * 1024 * 1024 + 1, 0xff);
    expect(refusal(bytes)).toEqual({
      code: 'TOO_LARGE',
      detail: '4194305 bytes of XML; the limit is 4194304',
    });
    expect(refusal(bytes.subarray(1)).code).toBe('ENCODING');
  });

  test.each([
    ['elements', `<a>${'<b/>'.repeat(100_000)}</a>`],
    ['attributes', `<a>${'<b c="" d=""/>'.repeat(50_000)}</a>`],
    ['references', `<a>${'&amp;'.repeat(100_001)}</a>`],
    ['references in attributes', `<a>${`<b c="${'&amp;'.repeat(1000)}"/>`.repeat(100)}</a>`],
  ])('X05: too many %s are refused', (_what, text) => {
    expect(refusal(text)).toEqual({
      code: 'TOO_LARGE',
      detail: 'line 1: more than 100000 elements, attributes and references',
    });
  });

  test('X05: a tag of a megabyte is refused', () => {
    expect(refusal(`<a b="${'x'.repeat(1_000_000)}"/>`)).toEqual({
      code: 'TOO_LARGE',
      detail: 'line 1: a tag of more than 16384 characters',
    });
  });

  test('X05: the largest result of Apple that is likely is read', () => {
    const device = '<Devices><DeviceId>359999001234509</DeviceId><Status>COMPLETE</Status></Devices>\n';
    expect(read(`<a>\n${device.repeat(20_000)}</a>`).children).toHaveLength(20_000);
  });
});

describe('encoding', () => {
  const declared = (encoding: string, text = '<a>é</a>') =>
    `<?xml version="1.0" encoding="${encoding}"?>${text}`;

  test.each(['ISO-8859-1', 'iso-8859-1'])('X06: %s is honoured', (encoding) => {
    expect(read(Buffer.from(declared(encoding), 'latin1')).text).toBe('é');
    const every = Array.from({ length: 96 }, (_, n) => String.fromCharCode(0xa0 + n)).join('');
    expect(read(Buffer.from(declared(encoding, `<a>${every}</a>`), 'latin1')).text).toBe(every);
  });

  test.each(['UTF-8', 'utf-8'])('X06: %s is honoured, with and without a byte-order mark', (encoding) => {
    expect(read(declared(encoding)).text).toBe('é');
    expect(read(`\ufeff${declared(encoding)}`).text).toBe('é');
  });

  test('X06: without a declaration it is UTF-8', () => {
    expect(read('<a>é</a>').text).toBe('é');
    expect(read('<?xml version="1.0"?><a>é</a>').text).toBe('é');
    expect(read("<?xml version = '1.0' encoding='ISO-8859-1' ?><a/>").name).toBe('a');
  });

  test.each([
    ['Latin-1 bytes without a declaration', Buffer.from('<a>é</a>', 'latin1'), /byte E9 at offset 3/],
    [
      'Latin-1 bytes that are declared as UTF-8',
      Buffer.from(declared('UTF-8'), 'latin1'),
      /byte E9 at offset/,
    ],
    [
      'Windows-1252 that is declared as ISO-8859-1',
      Buffer.from(declared('ISO-8859-1', '<a>\x80</a>'), 'latin1'),
      /byte 80 at offset 46 is no character of ISO-8859-1/,
    ],
    ['beyond ASCII', Buffer.from(declared('US-ASCII')), /byte C3 at offset 44 is no character of US-ASCII/],
    ['a mark that contradicts', Buffer.from(`\ufeff${declared('ISO-8859-1')}`), /byte-order mark says UTF-8/],
    ['Windows-1252', Buffer.from(declared('windows-1252')), /declares the encoding windows-1252; taken here/],
    ['UTF-7', Buffer.from(declared('UTF-7')), /declares the encoding UTF-7/],
    ['UTF-16, declared only', Buffer.from(declared('UTF-16')), /declares the encoding UTF-16/],
    ['a name of a prototype', Buffer.from(declared('constructor')), /declares the encoding constructor/],
    ['UTF-16 with a mark', Buffer.from(`\ufeff${declared('UTF-16')}`, 'utf16le'), /UTF-16/],
    ['UTF-16 without one', Buffer.from(declared('UTF-16'), 'utf16le'), /UTF-16/],
    ['UTF-16, big-endian', Buffer.from(`\ufeff${declared('UTF-16')}`, 'utf16le').swap16(), /UTF-16/],
  ])('X06: what would be decoded wrongly is refused: %s', (_what, bytes, detail) => {
    expect(refusal(bytes)).toEqual({ code: 'ENCODING', detail: expect.stringMatching(detail) });
  });
});

describe('namespaces', () => {
  test('X07: names are told by URI, whatever the prefix', () => {
    const texts = [
      '<p:a xmlns:p="urn:x" p:b="1"><p:c/></p:a>',
      '<q:a q:b="1" xmlns:q="urn:x"><q:c/></q:a>',
      '<q:a q:b="1" xmlns:q="urn:x"><c xmlns="urn:x"/></q:a>',
      '<a xmlns="urn:x" xmlns:z="urn:&#x78;" z:b="1"><c/></a>',
      '<a xmlns="urn:x" xmlns:z="urn:x" z:b="1"><y:c xmlns:y="urn:x"/></a>',
    ];
    const namespace = 'urn:x';
    const expected = element('a', {
      namespace,
      attributes: [{ namespace, name: 'b', value: '1' }],
      children: [element('c', { namespace })],
    });
    for (const text of texts) expect(read(text)).toEqual(expected);
  });

  test('X07: the same prefix with another URI is another name', () => {
    const root = read('<p:a xmlns:p="urn:x"><p:b/><p:b xmlns:p="urn:y"><p:c/></p:b><p:b/></p:a>');
    expect(childrenOf(root, 'urn:x', 'b')).toHaveLength(2);
    const [other] = childrenOf(root, 'urn:y', 'b');
    expect(other?.children[0]?.namespace).toBe('urn:y');
    expect(childrenOf(root, '', 'b')).toEqual([]);
  });

  test('X07: the default namespace holds for elements until it is taken back, and not for attributes', () => {
    const root = read('<a xmlns="urn:x" b="1"><c xmlns=""><d/></c><e/></a>');
    expect(root.attributes[0]?.namespace).toBe('');
    expect(root.children.map(({ name, namespace }) => [name, namespace])).toEqual([
      ['c', ''],
      ['e', 'urn:x'],
    ]);
    expect(root.children[0]?.children[0]?.namespace).toBe('');
    expect(read('<a xml:lang="de"/>').attributes[0]?.namespace).toBe('http://www.w3.org/XML/1998/namespace');
  });

  test.each([
    ['a prefix that is not declared', '<p:a/>'],
    ['on an attribute', '<a p:b="1"/>'],
    ['declared only within', '<p:a><b xmlns:p="u"/></p:a>'],
    ['declared only beside', '<a><b xmlns:p="u"/><p:c/></a>'],
    ['one attribute under two prefixes', '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>'],
    ['two colons', '<a:b:c xmlns:a="u"/>'],
    ['a colon first', '<:a/>'],
    ['a colon last', '<a: xmlns:a="u"/>'],
    ['a local name that begins with a digit', '<a:1 xmlns:a="u"/>'],
    ['a prefix that is taken back', '<p:a xmlns:p="u"><b xmlns:p=""/></p:a>'],
    ['a declaration of no prefix', '<a xmlns:="u"/>'],
    ['xml under another URI', '<a xmlns:xml="u"/>'],
    ['the URI of xml under another prefix', '<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>'],
    ['xmlns as a prefix', '<a xmlns:xmlns="u"/>'],
  ])('X07: a name without a meaning is refused: %s', (_what, text) => {
    expect(refusal(text).code).toBe('XML_NOT_WELL_FORMED');
  });
});
