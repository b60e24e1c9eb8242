/**
 * Program and version, as START says them. Not read from `package.json`: a program that puts this package into a bundle of
 * its own has another one there, or none. A test holds the two together.
 */
export const RECORDER = "tracekeep/0.1.0";
