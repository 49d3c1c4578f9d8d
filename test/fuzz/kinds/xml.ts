import { etisalatAnswer, telenorAnswer } from '../carriers.ts';
import type { Kind } from '../input.ts';
import { mutatedBytes } from '../mutate/bytes.ts';
import { mutatedXml, written, type Element } from '../mutate/xml.ts';
import type { Random } from '../random.ts';
import type { Scene } from '../scene.ts';
import { receive } from './answers.ts';

/** The provider's answers, as carriers wrap them in XML. */
export function xml(scene: Scene): Kind {
  const any = (random: Random): { name: string; document: Element } => {
    const { name, body } = random.pick(scene.answers);
    const isRequest = name.startsWith('bulk-enroll-devices');
    const document = isRequest && random.chance(0.5) ? etisalat(random) : telenorAnswer(body as object);
    return { name: name.replace(/json$/, 'xml'), document };
  };
  return {
    share: 15,
    mayWait: ['UNKNOWN_TRANSACTION', 'BATCH_NOT_READY'],
    make(random) {
      const { name, document } = any(random);
      const good = Buffer.from(written(document));
      const how = random.below(20);
      const changed = how < 16 ? mutatedXml(random, document, any(random).document) : good;
      const bytes = how > 0 && how < 13 ? changed : mutatedBytes(random, changed, good);
      return { kind: 'xml', way: 'apple', name, bytes: how === 19 ? good : bytes };
    },
    run: (input) => receive(scene, input),
    dropped: ({ bytes }) => Promise.resolve({ inbox: 'provider/apple/inbound', bytes }),
  };
}

const etisalat = (random: Random): Element =>
  etisalatAnswer(random.pick([{ id: 'tracking-0' }, { id: 'tracking-1' }, { errors: 1 }, { errors: 2 }, {}]));
