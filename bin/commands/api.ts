import type { Command } from 'commander';

import { examples, sessionOf } from '../session.ts';

export function apiCommands(enrol: Command): void {
  const api = enrol.command('api').description('the HTTP API of the console; enrol token makes its tokens');

  api
    .command('openapi')
    .description('print the OpenAPI document, from which programs are made')
    .addHelpText('after', examples('enrol api openapi > openapi.json'))
    .action(async (_options: unknown, command: Command) => {
      const { openApiDocument } = await import('../../console/api/registry.ts');
      const document = openApiDocument();
      sessionOf(command).print(document, JSON.stringify(document, null, 2));
    });
}
