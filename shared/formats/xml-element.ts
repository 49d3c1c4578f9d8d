import { Fault } from '../runtime/faults.ts';
import { decodeReferences } from './xml-references.ts';

export interface XmlAttribute {
  /** URI; empty for a name without prefix. */
  readonly namespace: string;
  readonly name: string;
  readonly value: string;
}

/** An element. It has the same shape whatever it holds, and however often. */
export interface XmlElement {
  /** URI, whatever the prefix; empty: none. */
  readonly namespace: string;
  /** Without prefix. */
  readonly name: string;
  /** Without the declarations of namespaces. */
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  /** All text that stands directly in it, in its order. */
  readonly text: string;
}

/** The children of one name, in their order; one is a list too. */
export const childrenOf = (element: XmlElement, namespace: string, name: string): XmlElement[] =>
  element.children.filter((child) => child.namespace === namespace && child.name === name);

/** What the library makes of an element, a text or the attributes of an element. */
export type ParsedNode = Readonly<Record<string, ParsedNode[] | Record<string, string> | string>>;

const attributesOf = ':@';
const textOf = '#text';

const xmlNamespace = 'http://www.w3.org/XML/1998/namespace';
const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/';

/** Prefixes that are declared at an element, and around it. The default namespace has an empty prefix. */
interface Scope {
  readonly prefixes: ReadonlyMap<string, string>;
  readonly outer?: Scope;
}

const outermost: Scope = {
  prefixes: new Map([
    ['', ''],
    ['xml', xmlNamespace],
  ]),
};

/**
 * @param texts what the texts of the nodes are indices of
 * @throws Fault XML_NOT_WELL_FORMED, CONTROL_CHAR
 */
export function toElement(node: ParsedNode, texts: readonly string[], outer = outermost): XmlElement {
  const [marked = '', content] = Object.entries(node).find(([key]) => key !== attributesOf) ?? [];
  const attributes = Object.entries(node[attributesOf] ?? {}).map(
    ([key, value]) => [key.slice(1), attributeValue(value as string)] as const,
  );
  const scope = scopeOf(attributes, outer);
  const parts = content as ParsedNode[];
  return {
    ...resolve(marked.replace(/^<+/, ''), scope, true),
    attributes: resolveAll(attributes, scope),
    children: parts.filter((part) => !(textOf in part)).map((part) => toElement(part, texts, scope)),
    text: parts.map((part) => texts[Number(part[textOf])] ?? '').join(''),
  };
}

/** XML 1.0, section 3.3.3. */
const attributeValue = (raw: string): string => decodeReferences(raw.replaceAll(/[\t\n]/g, ' '));

type Attributes = readonly (readonly [name: string, value: string])[];

const isDeclaration = (name: string): boolean => name === 'xmlns' || name.startsWith('xmlns:');

/** The scope of an element with these attributes (Namespaces in XML 1.0, sections 3 and 6). */
function scopeOf(attributes: Attributes, outer: Scope): Scope {
  const declared = attributes.filter(([name]) => isDeclaration(name));
  if (declared.length === 0) return outer;
  const prefixes = new Map(
    declared.map(([name, uri]) => [name === 'xmlns' ? '' : splitName(name).name, uri]),
  );
  for (const [prefix, uri] of prefixes) {
    const reserved =
      prefix === 'xmlns' || uri === xmlnsNamespace || (prefix === 'xml') !== (uri === xmlNamespace);
    if (reserved || (prefix !== '' && uri === '')) throw malformed('a namespace is declared that may not be');
  }
  return { prefixes, outer };
}

function resolveAll(attributes: Attributes, scope: Scope): XmlAttribute[] {
  const resolved = attributes
    .filter(([name]) => !isDeclaration(name))
    .map(([name, value]) => ({ ...resolve(name, scope, false), value }));
  const names = new Set(resolved.map(({ namespace, name }) => `${name} ${namespace}`));
  if (names.size < resolved.length) throw malformed('an attribute stands twice, under two prefixes');
  return resolved;
}

/** The default namespace holds for elements, not for attributes. */
function resolve(qualified: string, scope: Scope, isElement: boolean): { namespace: string; name: string } {
  const { prefix, name } = splitName(qualified);
  return { namespace: prefix === '' && !isElement ? '' : uriOf(prefix, scope), name };
}

function splitName(qualified: string): { prefix: string; name: string } {
  const [first = '', second, ...more] = qualified.split(':');
  const [prefix, name] = second === undefined ? ['', first] : [first, second];
  if (more.length > 0 || !/^[^-.\d·]/.test(name) || (second !== undefined && prefix === '')) {
    throw malformed('a name has a colon where none may be');
  }
  return { prefix, name };
}

function uriOf(prefix: string, scope: Scope): string {
  for (let at: Scope | undefined = scope; at; at = at.outer) {
    const uri = at.prefixes.get(prefix);
    if (uri !== undefined) return uri;
  }
  throw malformed('a namespace prefix is not declared');
}

const malformed = (what: string) => new Fault('XML_NOT_WELL_FORMED', what);
