import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { AppleService, noRules, questions, type Rules } from '../../demo/apple-service.ts';
import type { TestInstallation } from './installation.ts';

/** The provider at the other end of the spool, for tests that say themselves when it answers. */
export class TestProvider {
  readonly service: AppleService;
  rules: Rules = noRules;
  readonly #installation: TestInstallation;
  #ids = 0;

  constructor(installation: TestInstallation) {
    this.#installation = installation;
    this.service = new AppleService({
      now: () => new Date(),
      newId: () => `00000000-0000-0000-0000-${String(++this.#ids).padStart(12, '0')}`,
    });
  }

  /** Answers every request file that lies there, and takes it away. Returns their documents, by name. */
  async answerAll(): Promise<Map<string, unknown>> {
    const outbound = this.#installation.spool('provider', 'apple', 'outbound');
    const answered = new Map<string, unknown>();
    for (const name of (await readdir(outbound)).sort()) {
      const question = questions.find((stem) => name.startsWith(`${stem}.`));
      if (question === undefined) throw new Error(`the provider does not know what ${name} is`);
      const document: unknown = JSON.parse(await readFile(join(outbound, name), 'utf8'));
      const answer = this.service.answer(question, document, this.rules);
      await this.#installation.drop('provider/apple/inbound', name, Buffer.from(JSON.stringify(answer)));
      await rm(join(outbound, name));
      answered.set(name, document);
    }
    return answered;
  }
}
