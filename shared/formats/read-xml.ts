import { XMLParser, XMLValidator } from 'fast-xml-parser';

import { Fault } from '../runtime/faults.ts';
import { refuseControlCharacters } from './decode-text.ts';
import { decodeXml } from './decode-xml.ts';
import { scanXml } from './xml-structure.ts';
import { toElement, type ParsedNode, type XmlElement } from './xml-element.ts';

/** The answer to 1,000 devices has a tenth of this. */
const maxXmlBytes = 4 * 1024 * 1024;

/** Names of elements are marked, so that none of them is a name that objects have by themselves. */
const parser = new XMLParser({
  preserveOrder: true,
  transformTagName: (name) => `<${name}`,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  jPath: false,
});

/**
 * Bytes of one XML document -> its root element. Strict: no DTD, no entities but the predefined ones, nothing fetched;
 * what is not well-formed, namespaces included, is refused. Comments and processing instructions leave no trace.
 *
 * @throws Fault TOO_LARGE (before it is read), ENCODING, CONTROL_CHAR, XML_DTD, XML_TOO_DEEP, XML_NOT_WELL_FORMED
 */
export function readXml(bytes: Uint8Array): XmlElement {
  if (bytes.length > maxXmlBytes) {
    throw new Fault('TOO_LARGE', `${bytes.length} bytes of XML; the limit is ${maxXmlBytes}`);
  }
  const text = decodeXml(bytes);
  refuseControlCharacters(text);
  const { tags, texts } = scanXml(text.replaceAll(/\r\n?/g, '\n'));
  // The parser itself takes nearly anything.
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- its successor is the same code in a package of its own
  if (XMLValidator.validate(tags) !== true) {
    throw new Fault('XML_NOT_WELL_FORMED', 'a name is not one, or an attribute stands twice');
  }
  const [root] = parser.parse(tags) as [ParsedNode];
  return toElement(root, texts);
}
