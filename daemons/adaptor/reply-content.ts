import { readXml } from '../../shared/formats/read-xml.ts';
import { readJson } from '../../shared/generic/read-json.ts';
import type { Reply } from '../../shared/https/client.ts';
import type { AnswerContent, ProviderReply } from './providers/provider-format.ts';

/**
 * What came over HTTPS, as the formats read it. A body that is no document of its kind is `other`: the status may still
 * say enough, and the body is kept.
 */
export function toProviderReply({ status, location, mediaType, body }: Reply): ProviderReply {
  return { status, ...(location !== undefined && { location }), content: contentOf(body, mediaType ?? '') };
}

function contentOf(body: Uint8Array, mediaType: string): AnswerContent {
  if (body.length === 0) return { kind: 'empty' };
  if (mediaType.includes('html')) return { kind: 'other' };
  if (mediaType.includes('csv')) return { kind: 'csv', bytes: body };
  const parse = (): AnswerContent =>
    mediaType.includes('xml')
      ? { kind: 'xml', root: readXml(body) }
      : { kind: 'json', document: readJson(body) };
  try {
    return parse();
  } catch {
    return { kind: 'other' };
  }
}
