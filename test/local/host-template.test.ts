import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conditionHolds, resolveIntrinsics, type Scope, type Template } from '#infra/local/template.ts';
import { inOrder, referencesOf } from '#infra/local/template-order.ts';

const template: Template = {
  Parameters: {
    Colour: { Type: 'String', Default: 'green' },
    Needed: { Type: 'String' },
    Zones: { Type: 'CommaDelimitedList', Default: 'a, b,c' },
    Version: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/x/y' },
  },
  Mappings: { Sizes: { small: { memory: 128 } } },
  Conditions: {
    IsGreen: { 'Fn::Equals': [{ Ref: 'Colour' }, 'green'] },
    IsRed: { 'Fn::Equals': [{ Ref: 'Colour' }, 'red'] },
    Both: { 'Fn::And': [{ Condition: 'IsGreen' }, { Condition: 'IsRed' }] },
    Either: { 'Fn::Or': [{ Condition: 'IsGreen' }, { Condition: 'IsRed' }] },
    NotRed: { 'Fn::Not': [{ Condition: 'IsRed' }] },
    Circle: { 'Fn::Not': [{ Condition: 'Circle' }] },
  },
};

const scope = (parameters: Record<string, string> = {}): Scope => ({
  template,
  parameters,
  pseudo: { 'AWS::Region': 'us-east-1', 'AWS::Partition': 'aws' },
  ref: (id) => {
    if (id !== 'Table') throw new Error(`unknown ${id}`);
    return 'table-1';
  },
  getAtt: (id, attribute) => `${id}!${attribute}`,
  importValue: (name) => `imported ${name}`,
});

const resolve = (value: unknown, parameters?: Record<string, string>): unknown =>
  resolveIntrinsics(value, scope(parameters), 'Stack/Thing');

describe('template intrinsics', () => {
  it.each<[string, unknown, unknown]>([
    ['plain values', { a: [1, true, null, 'x'] }, { a: [1, true, null, 'x'] }],
    ['Ref of a resource', { Ref: 'Table' }, 'table-1'],
    ['Ref of a parameter', { Ref: 'Colour' }, 'green'],
    ['Ref of a list parameter', { Ref: 'Zones' }, ['a', 'b', 'c']],
    ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['AWS::NoValue in an object', { a: { Ref: 'AWS::NoValue' }, b: 1 }, { b: 1 }],
    ['AWS::NoValue in a list', [{ Ref: 'AWS::NoValue' }, 2], [2]],
    ['GetAtt with a list', { 'Fn::GetAtt': ['Table', 'Arn'] }, 'Table!Arn'],
    ['GetAtt with text and dots', { 'Fn::GetAtt': 'Table.Outputs.Name' }, 'Table!Outputs.Name'],
    [
      'Sub with text',
      { 'Fn::Sub': 'arn:${AWS::Partition}:${Table}:${Table.Arn}:${!Literal}' },
      'arn:aws:table-1:Table!Arn:${Literal}',
    ],
    ['Sub with a map', { 'Fn::Sub': ['${x}-${AWS::Region}', { x: { Ref: 'Colour' } }] }, 'green-us-east-1'],
    ['Join', { 'Fn::Join': ['/', ['a', { Ref: 'Colour' }, 3]] }, 'a/green/3'],
    ['Join of a Split', { 'Fn::Join': ['-', { 'Fn::Split': [':', 'a:b:c'] }] }, 'a-b-c'],
    ['Select', { 'Fn::Select': ['1', { 'Fn::Split': ['.', 'a.b'] }] }, 'b'],
    ['If', { 'Fn::If': ['IsGreen', { Ref: 'Table' }, 'no'] }, 'table-1'],
    ['If with NoValue', { a: { 'Fn::If': ['IsRed', 1, { Ref: 'AWS::NoValue' }] } }, {}],
    ['ImportValue', { 'Fn::ImportValue': 'State:Name' }, 'imported State:Name'],
    ['FindInMap', { 'Fn::FindInMap': ['Sizes', 'small', 'memory'] }, 128],
    ['an object that only looks alike', { Ref: 'x', other: 1 }, { Ref: 'x', other: 1 }],
  ])('resolves %s', (_name, value, expected) => {
    expect(resolve(value)).toEqual(expected);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'an unknown function',
      { 'Fn::Cidr': ['10.0.0.0/8', 1, 8] },
      /Stack\/Thing\/a: the local host does not know Fn::Cidr/,
    ],
    ['a transform', { 'Fn::Transform': {} }, /does not know Fn::Transform/],
    ['an unknown pseudo parameter', { Ref: 'AWS::NotificationARNs' }, /AWS::NotificationARNs is not known/],
    ['a parameter without a value', { Ref: 'Needed' }, /Needed has neither value nor default/],
    ['a parameter that would need SSM', { Ref: 'Version' }, /would need SSM/],
    ['Select out of range', { 'Fn::Select': [3, ['a']] }, /item 3 of 1/],
    ['Join of objects', { 'Fn::Join': ['', [{ x: 1 }]] }, /text is needed/],
    ['an unknown condition', { 'Fn::If': ['Nope', 1, 2] }, /no such condition/],
    ['a missing mapping', { 'Fn::FindInMap': ['Sizes', 'huge', 'memory'] }, /finds nothing/],
    ['a circle of conditions', { 'Fn::If': ['Circle', 1, 2] }, /refers to itself/],
  ])('refuses %s and says where', (_name, value, message) => {
    expect(() => resolve({ a: value })).toThrow(message);
  });

  it('lets a parameter that is given win over its default', () => {
    expect(resolve({ Ref: 'Colour' }, { Colour: 'red' })).toBe('red');
    const holds = (name: string): boolean => conditionHolds(name, scope({ Colour: 'red' }));
    expect(['IsGreen', 'IsRed', 'Both', 'Either', 'NotRed'].map(holds)).toEqual([
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it('leaves every value without intrinsics as it is', () => {
    const plain = fc.jsonValue().filter((value) => !/"(Ref|Fn::[^"]*)":/.test(JSON.stringify(value)));
    fc.assert(
      fc.property(plain, (value) => {
        expect(resolve({ value })).toEqual({ value });
      }),
    );
  });

  it('joins what it splits, and finds every reference that resolving follows', () => {
    const id = fc.constantFrom('A', 'B', 'C');
    const expression: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.string().map((text) => text.replaceAll('$', '')),
        id.map((name) => ({ Ref: name })),
        id.map((name) => ({ 'Fn::GetAtt': [name, 'Arn'] })),
        id.map((name) => ({ 'Fn::Sub': `<\${${name}}>` })),
        fc.array(tie('node'), { maxLength: 3 }).map((parts) => ({ 'Fn::Join': [',', parts] })),
      ),
    })).node;
    fc.assert(
      fc.property(expression, (value) => {
        const asked = new Set<string>();
        const spy = (name: string): string => {
          asked.add(name);
          return name;
        };
        const text = resolveIntrinsics(value, { ...scope(), template: {}, ref: spy, getAtt: spy }, 'x');
        expect(typeof text).toBe('string');
        expect(referencesOf(value)).toEqual(asked);
        expect(resolve({ 'Fn::Join': ['|', { 'Fn::Split': ['|', text] }] })).toBe(text);
      }),
    );
  });

  it('orders resources after what they need, and refuses circles', () => {
    const order = inOrder({
      Route: { Type: 'T', Properties: { x: { 'Fn::Sub': '${Api}/x' } }, DependsOn: ['Policy'] },
      Policy: { Type: 'T', Properties: { y: { Ref: 'AWS::Region' } } },
      Api: { Type: 'T', DependsOn: 'Policy' },
    });
    expect(order).toEqual(['Policy', 'Api', 'Route']);
    expect(() =>
      inOrder({ A: { Type: 'T', DependsOn: 'B' }, B: { Type: 'T', Properties: { a: { Ref: 'A' } } } }),
    ).toThrow(/A → B → A: these resources wait for each other/);
  });
});
