import * as z from 'zod';
import { CLASS_REASONS } from '#shared/policies/class-reasons.ts';
import { CURATED_SOURCES } from '#shared/policies/curated-sources.ts';
import { curatedRulesOf } from '#shared/policies/curated.ts';
import { GATE_REASONS } from '#shared/policies/gate-reasons.ts';
import { BACKOFFS } from '#shared/policies/next-check.ts';
import { TOPICS } from '#shared/policies/lexicon.ts';
import { UNUSABLE_REASONS } from '#shared/policies/unusable-reasons.ts';
import { PolicySource } from '#shared/policies/source.ts';
import { table } from './markdown.ts';

interface Field {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly items?: Field;
}

const code = (text: string): string => `\`${text}\``;

const typeOf = ({ type, enum: words, items }: Field): string => {
  if (words !== undefined) return words.map(code).join(', ');
  if (type === 'array') return `list of ${items?.type === undefined ? 'objects' : `${items.type}s`}`;
  return type ?? 'object';
};

/** Every field of a source, from the schema that checks it. */
export const sourceFields = (): string => {
  const { properties = {}, required = [] } = z.toJSONSchema(PolicySource, { io: 'input' });
  return table(
    ['field', 'type', 'default', 'what'],
    Object.entries(properties as Record<string, Field>).map(([name, field]) => [
      code(name),
      typeOf(field),
      required.includes(name)
        ? 'required'
        : field.default === undefined
          ? 'none'
          : code(JSON.stringify(field.default)),
      field.description ?? '',
    ]),
  );
};

export const curatedSources = (): string =>
  table(
    ['source', 'what', 'page', 'two people', 'required'],
    CURATED_SOURCES.map(({ id, title, url, critical, provider }) => [
      code(id),
      title ?? id,
      `<${url}>`,
      critical ? 'yes' : 'no',
      curatedRulesOf(provider).includes(id) ? `to publish or list at ${provider}` : 'where declared',
    ]),
  );

const span = (ms: number): string => (ms < 3_600_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`);
const limit = (ms: number | 'cadence'): string => (ms === 'cadence' ? 'the cadence' : span(ms));

/** When a source is looked at again after each kind of failure. */
export const backoffs = (): string => {
  const groups = Map.groupBy(Object.entries(BACKOFFS), ([, rule]) =>
    'every' in rule ? limit(rule.every) : `${span(rule.from)}, doubling up to ${limit(rule.upTo)}`,
  );
  return table(
    ['next check after', 'reasons'],
    [...groups].map(([wait, entries]) => [wait, entries.map(([reason]) => code(reason)).join(', ')]),
  );
};

export const gateReasons = (): string =>
  table(
    ['reason', 'what it means', 'what to do', 'two people may set it aside'],
    Object.entries(GATE_REASONS).map(([reason, { means, action, overridable }]) => [
      code(reason),
      means,
      action,
      overridable ? 'yes' : 'no',
    ]),
  );

export const classReasons = (): string =>
  table(
    ['reason', 'what it means'],
    Object.entries(CLASS_REASONS).map(([reason, means]) => [code(reason), means]),
  );

export const unusableReasons = (): string =>
  table(
    ['reason', 'what it means', 'what to do'],
    Object.entries(UNUSABLE_REASONS).map(([reason, { means, action }]) => [code(reason), means, action]),
  );

export const topics = (): string => TOPICS.map(({ tag }) => code(tag)).join(', ');
