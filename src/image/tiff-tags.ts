/** The numbers of the TIFF 6.0 and BigTIFF specifications that Parfocal uses. */

export const tag = {
  newSubfileType: 254,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  imageDescription: 270,
  stripOffsets: 273,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  resolutionUnit: 296,
  software: 305,
  predictor: 317,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  sampleFormat: 339,
  jpegTables: 347,
  colorMap: 320,
  /** MetaMorph STK: keys and values, the list of planes after one directory, and their wavelengths. */
  metaMorphTags: 33628,
  metaMorphStack: 33629,
  metaMorphWavelengths: 33630,
  /** Olympus: Soft Imaging and FluoView. */
  olympusSis: 33560,
  fluoView: 34361,
  /** Micro-Manager's JSON of a page. */
  microManager: 51123,
  /** Hamamatsu NDPI, a whole-slide image. */
  hamamatsu: 65420,
  /** Zeiss LSM. */
  zeissLsm: 34412,
} as const;

/** Field types: SHORT and so on. */
export const fieldType = { byte: 1, ascii: 2, short: 3, long: 4, rational: 5, long8: 16 } as const;

/** Bytes of one value of each field type. */
export const fieldSize: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
};

export const compressionNames: Readonly<Record<number, string>> = {
  1: "none",
  2: "CCITT run length",
  3: "CCITT group 3",
  4: "CCITT group 4",
  5: "LZW",
  6: "old-style JPEG",
  7: "JPEG",
  8: "deflate",
  32773: "PackBits",
  32946: "deflate",
  33003: "JPEG 2000",
  33005: "JPEG 2000",
  34712: "JPEG 2000",
  34887: "LERC",
  34892: "DNG JPEG",
  34925: "LZMA",
  50000: "zstd",
  50001: "WebP",
  50002: "JPEG XL",
};
