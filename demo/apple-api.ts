import { randomUUID } from 'node:crypto';

import { serviceError } from './apple-errors.ts';
import { AppleService, questions, rulesSchema, type Rules } from './apple-service.ts';
import type { Secrets } from './simulator-files.ts';
import { answerByRoute, type Answer, type Refusal, type Route, type Service } from './service.ts';
import type { FileService } from './spool-simulator.ts';

/** Apple's reseller API over HTTPS with mutual TLS, or over files that are named after the question. */

const newService = () => new AppleService({ now: () => new Date(), newId: randomUUID });

/** Errors of the business come with HTTP 200. */
export function appleApi(_secrets?: Secrets, service = newService()): Service<Rules> {
  const bare = (code: string): Answer => ({ status: 200, body: service.bareError(serviceError(code)) });
  const answers: Record<Refusal, Answer> = {
    'no such path': { status: 404 },
    'wrong method': { status: 405, headers: { allow: 'POST' } },
    'wrong media type': bare('GRX-16002'),
    'no body': bare('GRX-16001'),
    'not JSON': bare('GRX-1000'),
  };
  const routes = questions.map((question): Route<Rules> => ({
    method: 'POST',
    path: new RegExp(`^/enroll-service/1\\.0/${question}$`),
    takes: 'application/json',
    handle: ({ document }, rules) => ({ status: 200, body: service.answer(question, document, rules) }),
  }));
  return {
    rules: rulesSchema,
    answer: (call, rules) => answerByRoute(routes, (refusal) => answers[refusal], call, rules),
  };
}

export function appleFiles(): FileService<Rules> {
  const service = newService();
  const questionOf = (name: string) => questions.find((question) => name.startsWith(`${question}.`));
  const answer = (name: string, text: string, rules: Rules): object => {
    const question = questionOf(name);
    const document = parse(text);
    if (question === undefined || document === undefined) return service.bareError(serviceError('GRX-1000'));
    return service.answer(question, document, rules);
  };
  return {
    rules: rulesSchema,
    takes: (name) => questionOf(name) !== undefined && name.endsWith('.json'),
    answerFile: (name, text, rules) => JSON.stringify(answer(name, text, rules), undefined, 2),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
