// Brands by id, for lists of choices and for posts that name several.
import { get, plain } from "./core.js";

const PAGE = 500;
const MOST = 2000;

/** Brands in an order, and how an id is shown; beyond `MOST` an id stands for itself. */
export async function brandNames(sort = "name") {
  const brands = [];
  let cursor;
  do {
    const page = await get("brands", { sort, limit: PAGE, cursor });
    brands.push(...page.items);
    cursor = page.next;
  } while (cursor && brands.length < MOST);
  const known = new Map(brands.map((brand) => [brand.id, brand.name]));
  return { brands, nameOf: (id) => plain(known.get(id) || id) };
}
