import type { HttpApiResult } from '#shared/operators/http-edge.ts';

/** What a mail scanner or a test finds in a page. */
export interface FoundForm {
  readonly action: string;
  readonly method: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly buttons: readonly { readonly name: string; readonly value: string; readonly text: string }[];
}

const decode = (text: string): string =>
  text
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

const attributes = (tag: string): Record<string, string> =>
  Object.fromEntries(
    [...tag.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, decode(value)]),
  );

export const linksOf = (html: string): readonly string[] =>
  [...html.matchAll(/<a\b[^>]*>/g)].flatMap(([tag]) => {
    const { href } = attributes(tag);
    return href === undefined || href.startsWith('#') ? [] : [href];
  });

export const formsOf = (html: string): readonly FoundForm[] =>
  [...html.matchAll(/<form\b[^>]*>[\s\S]*?<\/form>/g)].map(([form]) => {
    const { action = '', method = 'get' } = attributes(/<form\b[^>]*>/.exec(form)?.[0] ?? '');
    const inputs = [...form.matchAll(/<(?:input|textarea)\b[^>]*>/g)].map(([tag]) => attributes(tag));
    const buttons = [...form.matchAll(/(<button\b[^>]*>)([^<]*)/g)].map(([, tag = '', text = '']) => {
      const { name = '', value = '' } = attributes(tag);
      return { name, value, text };
    });
    return {
      action,
      method,
      fields: Object.fromEntries(inputs.map(({ name = '', value = '' }) => [name, value])),
      buttons,
    };
  });

/** Every address in text, as a scanner finds them. */
export const addressesIn = (text: string): readonly string[] => text.match(/https?:\/\/[^\s"'<>)]+/g) ?? [];

/** Cookies that an answer sets, ready to be sent back. */
export const cookiesOf = (reply: HttpApiResult): Record<string, string> =>
  Object.fromEntries(
    (reply.cookies ?? []).map((cookie) => {
      const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split('=');
      return [name, value];
    }),
  );

/** The body of a form with one of its buttons pressed. */
export const press = (
  form: FoundForm,
  button: string,
  over: Readonly<Record<string, string>> = {},
): string => {
  const pressed = form.buttons.find(({ text }) => text === button);
  return new URLSearchParams({
    ...form.fields,
    ...(pressed === undefined || pressed.name === '' ? {} : { [pressed.name]: pressed.value }),
    ...over,
  }).toString();
};

export const FORM = 'application/x-www-form-urlencoded';
