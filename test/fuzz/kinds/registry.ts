import { kindNames, type Kind, type KindName } from '../input.ts';
import type { Random } from '../random.ts';
import type { Scene } from '../scene.ts';
import { answers } from './answers.ts';
import { ciphertext } from './ciphertext.ts';
import { generic } from './generic.ts';
import { mappings } from './mappings.ts';
import { orders } from './orders.ts';
import { replies } from './replies.ts';
import { requests } from './requests.ts';
import { xml } from './xml.ts';

export type Kinds = Readonly<Record<KindName, Kind>>;

export const openKinds = async (scene: Scene): Promise<Kinds> => ({
  ciphertext: await ciphertext(scene),
  generic: await generic(scene),
  requests: await requests(scene),
  mappings: mappings(),
  answers: answers(scene),
  xml: xml(scene),
  replies: replies(),
  orders: orders(scene),
});

/** One of the kinds, each by its share. */
export function pickKind(random: Random, kinds: Kinds): KindName {
  const all = kindNames.flatMap((name) => Array.from({ length: kinds[name].share }, () => name));
  return random.pick(all);
}
