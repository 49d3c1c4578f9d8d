import type { FastifyReply, FastifyRequest } from 'fastify';

import { themes, type Theme } from './layout.ts';

/** The two cookies of the console: who it is, and how it looks. Scripts see neither. */
export class Cookies {
  readonly #secure: boolean;

  /** @param secure over TLS: the browser then keeps others from setting them, also other servers of the domain */
  constructor(secure: boolean) {
    this.#secure = secure;
  }

  #name(plain: string): string {
    return this.#secure ? `__Host-${plain}` : plain;
  }

  get #options() {
    return { path: '/', httpOnly: true, sameSite: 'strict', secure: this.#secure } as const;
  }

  token(request: FastifyRequest): string | undefined {
    return request.cookies[this.#name('session')];
  }

  /** For as long as the browser runs; the store decides when the session ends. */
  keepToken(reply: FastifyReply, token: string): void {
    reply.setCookie(this.#name('session'), token, this.#options);
  }

  dropToken(reply: FastifyReply): void {
    reply.clearCookie(this.#name('session'), this.#options);
  }

  theme(request: FastifyRequest): Theme {
    const wanted = request.cookies[this.#name('theme')];
    return themes.find((theme) => theme === wanted) ?? 'auto';
  }

  keepTheme(reply: FastifyReply, theme: Theme): void {
    reply.setCookie(this.#name('theme'), theme, { ...this.#options, maxAge: 31_536_000 });
  }
}
