// Data about people, in groups that are off unless switched on: an agent that works with addresses and telephone numbers
// all day would lose what it works with. Wherever an issuer has given a number check digits, they are checked.

import type { ExtraRule } from "./finder.ts";
import { ESCAPE } from "./pattern.ts";

/** What can be switched on by `groups`. */
export const PERSONAL_GROUPS = ["email", "phone", "iban", "payment-card", "national-id"] as const;
export type PersonalGroup = (typeof PERSONAL_GROUPS)[number];

/** The rules of a group. */
export function personalRules(group: PersonalGroup): readonly ExtraRule[] {
  return RULES[group];
}

// --- internal ---

/** Not within a longer number, word or identifier; `name=` may stand before it. */
const ALONE = `(?<![A-Za-z0-9_.+/=-](?<!(?:[A-Za-z_]=|${ESCAPE})))`;
const END = "(?![A-Za-z0-9_=/+-]|[.,][0-9])";

const digits = (text: string): number[] => Array.from(text.replace(/\D/g, ""), Number);

/** ISO/IEC 7812-1 annex B (Luhn). */
function isLuhn(text: string): boolean {
  const sum = digits(text)
    .toReversed()
    .reduce((total, digit, at) => total + (at % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)), 0);
  return sum % 10 === 0;
}

const DIGIT_0 = 0x30;
const LETTER_A = 0x41;

/** ISO 13616: letters count from 10, the first four characters go to the end, modulo 97 is 1. */
function isIban(text: string): boolean {
  const plain = text.replace(/[ -]/g, "");
  if (plain.length < 15 || plain.length > 34) return false;
  let rest = 0;
  for (let at = 0; at < plain.length; at++) {
    const code = plain.charCodeAt(at + 4 < plain.length ? at + 4 : at + 4 - plain.length);
    rest = (code < LETTER_A ? rest * 10 + code - DIGIT_0 : rest * 100 + code - LETTER_A + 10) % 97;
  }
  return rest === 1;
}

/** ISO 7064 MOD 11,10: Germany's tax id. */
function isGermanTaxId(text: string): boolean {
  const all = digits(text);
  let product = 10;
  for (const digit of all.slice(0, 10)) {
    const sum = (digit + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === all[10] && new Set(all.slice(0, 10)).size >= 8;
}

function weighted(all: readonly number[], weights: readonly number[]): number {
  return weights.reduce((sum, weight, at) => sum + weight * (all[at] ?? 0), 0);
}

function isPolishPesel(text: string): boolean {
  const all = digits(text);
  return (10 - (weighted(all, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === all[10];
}

function isBrazilianCpf(text: string): boolean {
  const all = digits(text);
  const check = (length: number): number => {
    const rest =
      (weighted(
        all,
        Array.from({ length }, (_, at) => length + 1 - at),
      ) *
        10) %
      11;
    return rest % 10;
  };
  return new Set(all).size > 1 && check(9) === all[9] && check(10) === all[10];
}

/** The French number of the INSEE register: 97 minus the number modulo 97. */
function isFrenchNir(text: string): boolean {
  const plain = text.replace(/\s/g, "");
  const number = BigInt(plain.slice(0, 13).replace("2A", "19").replace("2B", "18"));
  return 97n - (number % 97n) === BigInt(plain.slice(13));
}

/** Spain's DNI and NIE: the letter is the number modulo 23. */
function isSpanishId(text: string): boolean {
  const number = Number(
    text.slice(0, -1).replace("X", "0").replace("Y", "1").replace("Z", "2").replace("-", ""),
  );
  return "TRWAGMYFPDXBNJZSQVHLCKE".charAt(number % 23) === text.at(-1);
}

function rule(kind: string, source: string, accepts?: (found: string) => boolean): ExtraRule {
  const pattern = new RegExp(ALONE + source + END, "dg");
  return accepts === undefined ? { rule: kind, pattern } : { rule: kind, pattern, accepts };
}

const RULES: Readonly<Record<PersonalGroup, readonly ExtraRule[]>> = {
  // RFC 5321 §4.1.2, as far as addresses in use go. `git@host:path` and `package@1.2.3` are none.
  email: [
    {
      rule: "email",
      pattern:
        /(?<![A-Za-z0-9._%+-])(?!git@)[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9_+-])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,6}[A-Za-z]{2,24}(?![A-Za-z0-9-])/dg,
    },
  ],
  // E.164 with its plus; the North American form with its separators, area code and exchange not beginning with 0 or 1.
  phone: [
    {
      ...rule("phone", "\\+[1-9][0-9]{0,2}(?:[ ./-]{0,2}\\(?[0-9]{1,5}\\)?){2,6}", (found) => {
        const { length } = digits(found);
        return length >= 8 && length <= 15;
      }),
      runsOn: true,
    },
    rule("phone", "(?:1[ .-])?(?:\\([2-9][0-9]{2}\\) ?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[ .-][0-9]{4}"),
  ],
  iban: [
    {
      ...rule("iban", "[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?", isIban),
      runsOn: true,
    },
  ],
  "payment-card": [
    rule(
      "payment-card",
      "(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|6(?:011|5[0-9]{2}))(?:[ -]?[0-9]{4}){3}|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}",
      isLuhn,
    ),
  ],
  "national-id": [
    // United States, social security number: never 000, 666 or 9xx, no group of zeros.
    rule("us-ssn", "(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}"),
    // United Kingdom, national insurance number (HMRC NIM39110).
    rule(
      "uk-nino",
      "(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]",
    ),
    rule("ca-sin", "[1-9][0-9]{2}[ -][0-9]{3}[ -][0-9]{3}", isLuhn),
    rule("de-tax-id", "[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", isGermanTaxId),
    rule(
      "fr-nir",
      "[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]) ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}",
      isFrenchNir,
    ),
    rule("es-id", "(?:[0-9]{8}-?|[XYZ]-?[0-9]{7}-?)[A-HJ-NP-TV-Z]", isSpanishId),
    rule("it-tax-code", "[A-Z]{6}[0-9]{2}[ABCDEHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]"),
    rule("pl-pesel", "[0-9]{2}(?:[02468][1-9]|[13579][0-2])(?:[0-2][0-9]|3[01])[0-9]{5}", isPolishPesel),
    rule("br-cpf", "[0-9]{3}\\.[0-9]{3}\\.[0-9]{3}-[0-9]{2}", isBrazilianCpf),
    rule("se-id", "(?:19|20)?[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[-+][0-9]{4}", (found) =>
      isLuhn(found.replace(/^(?:19|20)(?=[0-9]{6}[-+])/, "")),
    ),
  ],
};
