import { receiveAnswer } from '../../../daemons/adaptor/receive-answer.ts';
import { arrived } from '../arrival.ts';
import type { Input, Kind } from '../input.ts';
import type { Random } from '../random.ts';
import { andUndo, type Scene } from '../scene.ts';
import { changed } from './generic.ts';

/** The provider's answers, in JSON, to requests in every state. */
export const answers = (scene: Scene): Kind => ({
  share: 15,
  mayWait: ['UNKNOWN_TRANSACTION', 'BATCH_NOT_READY'],
  make(random) {
    const answer = random.pick(scene.answers);
    const other = random.pick(scene.answers);
    const name = random.chance(0.9) ? answer.name : otherName(random, answer.name, other.name);
    return { kind: 'answers', way: 'apple', name, bytes: changed(random, answer.body, other.body) };
  },
  run: (input) => receive(scene, input),
  dropped: ({ bytes }) => Promise.resolve({ inbox: 'provider/apple/inbound', bytes }),
});

export const receive = (scene: Scene, input: Input): Promise<unknown> =>
  andUndo(scene, async (runtime) => {
    const decision = await receiveAnswer(runtime, scene.keys, 'apple', arrived(scene, 'in pieces', input));
    return decision(runtime.db);
  });

const otherName = (random: Random, name: string, other: string): string =>
  random.pick([
    other,
    name.replace('.', '..'),
    name.replace('.json', ''),
    'x',
    `${name}.${other}`,
    name.toUpperCase(),
  ]);
