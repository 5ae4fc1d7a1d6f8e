// Customers added up by the domain of their e-mail address. Pure: no host, no database.

/** What the Domain Name System allows, in characters. */
export const DOMAIN_LENGTH_MAX = 253;

/** The domain of an address in lower case, or null where there is none. */
export function domainOf(email) {
  if (typeof email !== "string") {
    return null;
  }
  const address = email.trim().toLowerCase();
  const at = address.lastIndexOf("@");
  const domain = address.slice(at + 1);
  if (domain.length > DOMAIN_LENGTH_MAX) {
    return null;
  }
  return at > 0 && /^[^\s@.]+(\.[^\s@.]+)+$/.test(domain) ? domain : null;
}

export class Domains {
  #domains = new Map();
  /** Customers whose e-mail address is absent or has no domain. */
  without = 0;

  get size() {
    return this.#domains.size;
  }

  /** Adds a batch: addresses, and the times at which the customers came. */
  addAll(emails, created) {
    emails.forEach((email, index) => this.#add(domainOf(email), created[index]));
  }

  /** One row for each domain, in an order that does not depend on that of the customers. */
  sorted() {
    const rows = [...this.#domains].map(([domain, row]) => ({ domain, ...row }));
    return rows.sort((a, b) => (a.domain < b.domain ? -1 : 1));
  }

  #add(domain, created) {
    if (domain === null) {
      this.without += 1;
      return;
    }
    const row = this.#domains.get(domain);
    if (row === undefined) {
      this.#domains.set(domain, { customers: 1, firstSeen: created });
      return;
    }
    row.customers += 1;
    row.firstSeen = earlier(row.firstSeen, created);
  }
}

/** Times travel as ISO 8601, whose order is that of its text. */
function earlier(a, b) {
  if (a === null || b === null) {
    return a ?? b;
  }
  return b < a ? b : a;
}
