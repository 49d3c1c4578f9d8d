import type { Tree } from './documents.ts';

/** An XML document, every element in one namespace, which is the default one. */
export function writeXml(root: string, namespace: string, document: Tree): string {
  const declared = namespace === '' ? root : `${root} xmlns="${escaped(namespace)}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${declared}>${childrenOf(document)}</${root}>\n`;
}

const childrenOf = (tree: Tree): string =>
  Object.entries(tree)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => element(name, one)))
    .join('');

const element = (name: string, value: Tree | string | number): string =>
  `<${name}>${typeof value === 'object' ? childrenOf(value) : escaped(String(value))}</${name}>`;

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A reader would make it a line feed.
  '\r': '&#13;',
};

const escaped = (text: string): string => text.replaceAll(/[&<>"\r]/g, (char) => references[char] ?? char);
