/** The port on which a console listens, as its log says; undefined before it does. */
export const consolePort = (log: string): string | undefined =>
  /"event":"console.listening".*"port":(\d+)/.exec(log)?.[1];
