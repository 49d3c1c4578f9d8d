/** XML 1.0, section 2.2: what a document may hold at all, even as a reference. */
const notInXml = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

export const fitsIntoXml = (text: string): boolean => !notInXml.test(text);

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#13;',
};

/** Texts that `fitsIntoXml`, as they stand in an element. */
export const escapeXml = (text: string): string =>
  text.replaceAll(/[&<>\r]/g, (character) => references[character] ?? character);
