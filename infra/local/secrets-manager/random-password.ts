import { randomInt } from 'node:crypto';
import * as z from 'zod';
import type { GenerateSecretString } from '../ports.ts';

const CLASSES = {
  lowercase: 'abcdefghijklmnopqrstuvwxyz',
  uppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  numbers: '0123456789',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
};

const pick = (characters: string): string => characters.charAt(randomInt(characters.length));

/** A password with at least one character of every class that is not excluded, as GetRandomPassword makes it. */
export const randomPassword = (options: GenerateSecretString): string => {
  const excluded = new Set(options.excludeCharacters ?? '');
  const classes = [
    options.excludeLowercase === true ? '' : CLASSES.lowercase,
    options.excludeUppercase === true ? '' : CLASSES.uppercase,
    options.excludeNumbers === true ? '' : CLASSES.numbers,
    options.excludePunctuation === true ? '' : CLASSES.punctuation,
  ]
    .map((characters) => [...characters].filter((character) => !excluded.has(character)).join(''))
    .filter((characters) => characters !== '');
  const length = options.passwordLength ?? 32;
  if (classes.length === 0 || length < classes.length) throw new Error('No password fits these exclusions');
  const all = classes.join('');
  const characters = classes.map(pick);
  while (characters.length < length) characters.push(pick(all));
  for (let index = characters.length - 1; index > 0; index -= 1) {
    const other = randomInt(index + 1);
    [characters[index], characters[other]] = [characters[other] ?? '', characters[index] ?? ''];
  }
  return characters.join('');
};

/** The first value of a secret with GenerateSecretString: the bare password, or put into the template. */
export const generatedSecretString = (options: GenerateSecretString): string => {
  const password = randomPassword(options);
  if (options.secretStringTemplate === undefined || options.generateStringKey === undefined) return password;
  const template = z.record(z.string(), z.json()).parse(JSON.parse(options.secretStringTemplate));
  return JSON.stringify({ ...template, [options.generateStringKey]: password });
};
