/** What the language calls an object of its own: Date, URL, Promise. Those of everybody else are an Object. */
export function classOf(value: object): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
