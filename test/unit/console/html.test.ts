import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { Html, html, isOwnPath, raw } from '../../../console/html.ts';

/** What a browser makes of escaped text. */
const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

const anyText = fc.string({ unit: 'binary', maxLength: 40 });
const nasty = fc.oneof(
  anyText,
  fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '/', '=', ' ', ';', 'a') }),
);

describe('whatever comes is text', () => {
  test('nothing in it begins a tag, an attribute or an entity, and it is shown as it was', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const inText = html`<p>${text}</p>`.toString().slice(3, -4);
        const inAttribute = html`<p title="${text}"></p>`.toString().slice(10, -6);
        expect(inText).toBe(inAttribute);
        expect(inText).not.toMatch(/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/);
        if (!/[\p{Cc}\p{Cf}]/u.test(text)) expect(unescaped(inText)).toBe(text);
      }),
    );
  });

  test('also in lists, and in lists of lists', () => {
    fc.assert(
      fc.property(fc.array(nasty), (texts) => {
        const whole = html`${texts.map((text) => [html`<b>${text}</b>`])}`.toString();
        expect(whole.match(/<b>/g)?.length ?? 0).toBe(texts.length);
        expect(whole.replaceAll(/<\/?b>/g, '')).not.toMatch(/[<>"']/);
      }),
    );
  });

  test('objects that only look like HTML are none', () => {
    const forged = { toString: () => '<script>' } as unknown as string;
    expect(html`${forged}`.toString()).toBe('&lt;script&gt;');
    const copied = Object.assign(Object.create(Html.prototype) as object, { toString: () => '<script>' });
    expect(() => Html.prototype.toString.call(copied)).toThrow(TypeError);
  });

  test('characters that cannot be seen or turn the text are shown as numbers', () => {
    expect(html`${'invoice\u202Egpj.exe\u0000\u200b'}`.toString()).toBe(
      'invoice\\u{202e}gpj.exe\\u{0}\\u{200b}',
    );
    expect(html`${'one\n\ttwo'}`.toString()).toBe('one\n\ttwo');
  });
});

test('nested HTML is kept, numbers are written, nothing stands for nothing', () => {
  const inner = html`<b>${'<'}</b>`;
  expect(html`${inner}|${0}|${null}|${undefined}|${false}|${[]}|${raw('<i>')}`.toString()).toBe(
    '<b>&lt;</b>|0|||||<i>',
  );
});

describe('places where escaping does not help are refused', () => {
  test('an attribute without quotes', () => {
    expect(() => html`<p title=${'x onload=alert(1)'}></p>`).toThrow('without quotes');
  });

  test.each([
    'javascript:alert(1)',
    'JAVASCRIPT:x',
    'data:text/html,x',
    '//evil',
    '/\\evil',
    'https://evil',
    '',
  ])('an address that is not ours: %j', (address) => {
    expect(() => html`<a href="${address}">x</a>`).toThrow('not one of our own');
    expect(() => html`<form action="${address}"></form>`).toThrow('not one of our own');
  });

  test('and no address is our own that a browser would look for elsewhere', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          nasty,
          nasty.map((text) => `/${text}`),
        ),
        (text) => {
          if (isOwnPath(text))
            expect(new URL(text, 'https://own.example/page').origin).toBe('https://own.example');
        },
      ),
    );
    for (const path of ['/', '/files/a%2Fb?before=1#x', '?x=1', '#main']) expect(isOwnPath(path)).toBe(true);
  });
});
