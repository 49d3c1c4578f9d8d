import { readDocument } from '../../../shared/generic/document.ts';
import { deviceEnrolmentRequest } from '../../../shared/generic/device-enrolment-request.ts';
import { formatOfExample, type Example } from '../../contract/provider-examples.ts';
import { request } from '../documents.ts';
import type { Kind } from '../input.ts';
import { enrolmentsOf, examples, requestedOf } from '../replies/conversations.ts';
import { checkMapped } from '../replies/mapped-oracle.ts';
import { changed } from './generic.ts';

/** Generic requests as every provider's format maps them. */
export function mappings(): Kind {
  const all = examples.map((example) => ({
    example,
    document: requestedOf(example),
    enrolled: enrolmentsOf(example),
    format: formatOfExample(example),
  }));
  const of = (what: Example['what']) => {
    const found = all.find(({ example }) => example.what === what);
    if (!found) throw new Error(`there is no provider ${what}`);
    return found;
  };
  return {
    share: 10,
    mayWait: [],
    // The adaptor tells operators which order of our own file cannot be mapped.
    maySay: (code) => code === 'UNMAPPABLE',
    make(random) {
      const { example, document } = random.pick(all);
      const bytes = changed(random, document, request);
      return { kind: 'mappings', way: example.what, name: 'request.json', bytes };
    },
    run({ way, bytes }) {
      const { format, enrolled } = of(way);
      return Promise.resolve().then(() => {
        const document = readDocument(bytes, deviceEnrolmentRequest);
        checkMapped(document, format.toRequests(document, enrolled), format);
      });
    },
  };
}
