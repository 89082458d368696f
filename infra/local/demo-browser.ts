/** Just enough of a browser for the demo: cookies, redirects, links and forms of server-rendered pages. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly html: string;
  readonly links: readonly { readonly href: string; readonly text: string }[];
  readonly forms: readonly Form[];
}

export interface Form {
  readonly method: string;
  readonly action: string;
  /** Values that the page filled in. */
  readonly fields: Readonly<Record<string, string>>;
  readonly buttons: readonly { readonly name: string; readonly value: string }[];
}

export interface Browser {
  open(url: string): Promise<Page>;
  submit(page: Page, form: Form, values: Readonly<Record<string, string>>): Promise<Page>;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#x27': "'",
};
const unescape = (text: string): string =>
  text.replaceAll(/&(amp|lt|gt|quot|#39|#x27);/g, (_, name: string) => ENTITIES[name] ?? '');

const attributesOf = (tag: string): Record<string, string> =>
  Object.fromEntries(
    [...tag.matchAll(/([a-z-]+)(?:\s*=\s*"([^"]*)")?/gi)].map(([, name = '', value = '']) => [
      name.toLowerCase(),
      unescape(value),
    ]),
  );

/** The visible text of a piece of HTML. */
export const textOf = (html: string): string =>
  unescape(html.replaceAll(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/g, ' '))
    .replaceAll(/\s+/g, ' ')
    .trim();

const formsOf = (html: string, base: string): Form[] =>
  [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, tag = '', inner = '']) => {
    const form = attributesOf(tag);
    const fields: Record<string, string> = {};
    for (const [, input = ''] of inner.matchAll(/<input\b([^>]*)>/gi)) {
      const { name, value = '', type } = attributesOf(input);
      if (name !== undefined && type !== 'radio' && type !== 'checkbox') fields[name] = value;
    }
    for (const [, area = ''] of inner.matchAll(/<textarea\b([^>]*)>/gi))
      fields[attributesOf(area)['name'] ?? ''] ??= '';
    const buttons = [...inner.matchAll(/<button\b([^>]*)>/gi)].map(([, button = '']) => {
      const { name = '', value = '' } = attributesOf(button);
      return { name, value };
    });
    return {
      method: (form['method'] ?? 'get').toUpperCase(),
      action: new URL(form['action'] || base, base).href,
      fields,
      buttons,
    };
  });

const linksOf = (html: string, base: string): Page['links'] =>
  [...html.matchAll(/<a\b([^>]*)>([\s\S]*?)<\/a>/gi)].flatMap(([, tag = '', inner = '']) => {
    const { href } = attributesOf(tag);
    return href === undefined ? [] : [{ href: new URL(href, base).href, text: textOf(inner) }];
  });

export const openBrowser = (): Browser => {
  /** By host name: cookies do not know ports. */
  const jars = new Map<string, Map<string, string>>();

  const request = async (url: string, init: RequestInit, redirects = 10): Promise<Page> => {
    const { hostname, origin } = new URL(url);
    const jar = jars.get(hostname) ?? new Map<string, string>();
    jars.set(hostname, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = new Headers(init.headers);
    if (cookie !== '') headers.set('cookie', cookie);
    const reply = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const set of reply.headers.getSetCookie()) {
      const [pair = '', ...rules] = set.split(';');
      const cut = pair.indexOf('=');
      const ends = rules.some((rule) => /^\s*max-age=0\s*$/i.test(rule));
      if (ends) jar.delete(pair.slice(0, cut).trim());
      else jar.set(pair.slice(0, cut).trim(), pair.slice(cut + 1).trim());
    }
    const location = reply.headers.get('location');
    if (reply.status >= 300 && reply.status < 400 && location !== null) {
      if (redirects === 0) throw new Error(`Too many redirects at ${origin}`);
      await reply.arrayBuffer();
      return request(new URL(location, url).href, { headers: { accept: 'text/html' } }, redirects - 1);
    }
    const html = await reply.text();
    return { url, status: reply.status, html, links: linksOf(html, url), forms: formsOf(html, url) };
  };

  return {
    open: (url) => request(url, { headers: { accept: 'text/html' } }),
    submit(page, form, values) {
      const body = new URLSearchParams({ ...form.fields, ...values });
      if (form.method === 'GET')
        return request(`${form.action}?${body.toString()}`, { headers: { accept: 'text/html' } });
      return request(form.action, {
        method: 'POST',
        headers: {
          accept: 'text/html',
          origin: new URL(page.url).origin,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: body.toString(),
      });
    },
  };
};
