/** A policy page as its author thinks of it; `[words](address)` is a link. */
export interface Item {
  readonly text: string;
  readonly items?: readonly Item[];
}
export type Part =
  | { readonly paragraph: string }
  | { readonly list: readonly Item[] }
  | { readonly table: readonly (readonly string[])[] };
export interface Section {
  readonly heading: string;
  readonly parts: readonly Part[];
}
export interface PolicyDocument {
  readonly title: string;
  readonly updated: string;
  readonly sections: readonly Section[];
}

/** Of texts in lists, tables, headings and paragraphs. */
export const mapTexts = (document: PolicyDocument, change: (text: string) => string): PolicyDocument => {
  const item = ({ text, items }: Item): Item => ({
    text: change(text),
    ...(items === undefined ? {} : { items: items.map(item) }),
  });
  return {
    title: change(document.title),
    updated: change(document.updated),
    sections: document.sections.map(({ heading, parts }) => ({
      heading: change(heading),
      parts: parts.map((part) => {
        if ('paragraph' in part) return { paragraph: change(part.paragraph) };
        return 'list' in part
          ? { list: part.list.map(item) }
          : { table: part.table.map((row) => row.map(change)) };
      }),
    })),
  };
};

export const ENGLISH: PolicyDocument = {
  title: 'Synthetic and prohibited content policy',
  updated: 'Last updated: February 3, 2025',
  sections: [
    {
      heading: 'What this policy covers',
      parts: [
        {
          paragraph:
            'This policy applies to every listing, video and message that you publish through your account. It is part of the [Terms of Service](/legal/terms-of-service), and words that are defined there mean the same here.',
        },
        {
          paragraph:
            'You are responsible for what you publish, whether it was made by you, by another person or by an automated system. Sellers may use tools to write a description, but they answer for each claim that is made in it.',
        },
      ],
    },
    {
      heading: 'What is prohibited',
      parts: [
        { paragraph: 'You may not publish any of the following:' },
        {
          list: [
            { text: 'Counterfeit goods, or goods that infringe the rights of a brand owner.' },
            {
              text: 'Content that was altered or generated to mislead, including:',
              items: [
                { text: 'a real person who appears to say something that the person did not say;' },
                { text: 'footage of a real event or place that was altered.' },
              ],
            },
            { text: 'Repetitive content that is produced in bulk and gives no value to viewers.' },
            { text: 'Items that are recalled, or that are not permitted in the country of the buyer.' },
          ],
        },
        {
          paragraph:
            'We review listings by automated means and by people. Content that breaks this policy may be removed without notice. You can appeal within 14 days.',
        },
      ],
    },
    {
      heading: 'When you have to disclose',
      parts: [
        {
          paragraph:
            'Creators must disclose realistic content that was made with altered or synthetic media. Read [how to disclose](/answer/14328491) before you publish. You do not have to disclose the use of beauty filters.',
        },
        {
          list: [
            { text: 'Disclose at the time of upload, in the form that we provide.' },
            { text: 'Keep the evidence of consent for 24 months.' },
          ],
        },
      ],
    },
    {
      heading: 'Fees and limits',
      parts: [
        {
          table: [
            ['Plan', 'Fee per sale', 'Monthly limit'],
            ['Basic', '6.5 %', '100 listings'],
            ['Plus', '5 %', '500 listings'],
            ['Partner', '$ 0.20', '2,000 listings'],
          ],
        },
        {
          paragraph:
            'Fees are due on the last day of the month. We may change a fee by giving 30 days of notice, see the [fee policy](/legal/fees).',
        },
      ],
    },
    {
      heading: 'What happens if you break the rules',
      parts: [
        {
          paragraph:
            'For a first violation we send a warning. If you break the rules again we may suspend your account for 7 days, and after three strikes within 90 days the account is closed. If an error page or a captcha keeps you from appealing, or access is denied to you, write to support@example.test.',
        },
        {
          paragraph:
            'Content that breaks this policy may be removed without notice. Payments that are due to you are paid out after a review.',
        },
      ],
    },
  ],
};

export const FRENCH: PolicyDocument = {
  title: 'Règles relatives aux contenus interdits et synthétiques',
  updated: 'Dernière mise à jour : 3 février 2025',
  sections: [1, 2, 3, 4, 5].map((number) => ({
    heading: `${number}. Ce que vous devez savoir`,
    parts: [
      {
        paragraph:
          'Ces règles s’appliquent à toutes les annonces et à toutes les vidéos que vous publiez avec votre compte. Vous êtes responsable de ce que vous publiez, et nous pouvons retirer un contenu qui ne respecte pas ces règles sans vous prévenir.',
      },
      {
        list: [
          {
            text: 'Les produits contrefaits, ou qui portent atteinte aux droits du propriétaire d’une marque.',
          },
          { text: 'Les contenus qui ont été modifiés pour tromper les personnes qui les regardent.' },
          { text: 'Les articles qui sont interdits dans le pays de l’acheteur ou qui ont été rappelés.' },
        ],
      },
    ],
  })),
};
