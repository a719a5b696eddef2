/** What users should know before trusting a result: sentences for people, and a code for programs. */

/** Every kind of warning, and what it says. A code stays when a sentence is worded better. */
export const warningKinds = {
  assumed_calibration: "A missing value of the calibration was assumed from what is known.",
  assumed_distances: "The optics are not known, so the distances of the training come from the depth of the stack.",
  bead_fit: "A fit to a bead did not converge, leaves a residual, or does not determine a parameter.",
  below_offset: "Many pixels are darker than the offset of the camera.",
  blank_plane: "A plane does not show the structure of its neighbours.",
  camera_gain: "The gain of the camera was estimated from the image.",
  camera_offset: "The offset of the camera was estimated from the image.",
  channel_shift: "Two channels are not registered.",
  clipped: "Values were cut off at the smallest or largest count, in the recording or when they were written.",
  coarse_sampling: "Pixels or planes are farther apart than the Nyquist limit of the optics.",
  colour: "The image is a colour image, whose focus is not measured.",
  cropped_field: "Only a part of a large field was used.",
  cropped_psf: "The PSF is larger than the image that it was computed for.",
  different_optics: "NA, wavelength or refractive index differ from those of the model's training.",
  different_units: "Output and ground truth seem to have different units.",
  different_z_step: "The z step differs from that of the model's training.",
  distance_map: "Refocusing distances vary across the image, which the model did not learn.",
  distance_range: "A distance lies outside the range of the model's training.",
  doubtful_calibration: "The calibration is possible but unusual for these optics.",
  drift: "The planes drift sideways.",
  duplicate_plane: "A plane occurs twice.",
  empty: "All pixels have the same value.",
  equals_truth: "An image equals its ground truth exactly.",
  file_description: "The description in a file is incomplete, contradictory, or was interpreted.",
  file_names: "The names of the files of a folder leave gaps or are ambiguous.",
  fine_tuned: "All models of a comparison started from the same trained weights.",
  flat_psf: "A PSF of one plane was used for a stack.",
  focus_at_end: "The sharpest plane is at an end of the stack or of the range that was searched.",
  focus_sign: "The side of focus, and with it the direction of refocusing, is a guess.",
  grey_levels: "Single precision leaves few grey levels of the values of a file.",
  identical_target: "A stack and its target have the same pixels.",
  implausible_calibration: "An impossible value in a file was not used.",
  input_planes: "The number or the distances of the input planes differ from those of the model's training.",
  measured_weight: "The weight of low frequencies was measured on the image, because the optics are not known.",
  missing_calibration: "The pixel size or the z step is not known.",
  missing_plane: "A plane may be missing.",
  newer_run: "A newer run of the experiment has no checkpoint and is not resumed.",
  no_classical_method: "Models were not compared with a classical method, because the optics are not known.",
  no_contrast: "The speckled image has no contrast that follows the specimen.",
  no_depth: "Hardly any pixel of a fused stack has a depth of its own.",
  no_focus: "No plane is sharper than the others.",
  no_grid: "No grid is visible in the exposures.",
  no_improvement: "A training ended early, because its validation loss no longer decreased.",
  no_targets: "Sections were compared with the sharpest plane, because no ground truth was given.",
  non_square_pixels: "Pixels are not square.",
  not_converged: "An iterative method was still improving when it stopped.",
  not_finite: "Pixels are NaN or infinite.",
  not_saved: "A file of a training could not be written; the training continued.",
  old_checkpoint: "A checkpoint of an older version cannot be verified.",
  old_lock: "The lock of a training that did not end properly was taken over.",
  out_of_range: "An autofocus model found nothing within its range.",
  perfect_examples: "Validation examples equal their ground truth.",
  plane_brightness: "A plane is brighter or darker than its neighbours.",
  plane_order: "Planes seem to be in the wrong order.",
  psf_resampled: "The PSF was resampled to the voxels of the image.",
  repeated_stack: "A stack was given twice.",
  resampled: "The image is resampled to the pixel size of the model.",
  rounded: "Rounding to whole counts leaves few grey levels.",
  runtime: "A slower runtime takes the place of one that is not available.",
  saturated: "Pixels have the largest value of the camera.",
  search_range: "The range that was searched for the focus is too wide for its depth of field.",
  smaller_range: "The stacks have too few planes for the whole range of distances.",
  time_or_depth: "Time points may be planes.",
  training_failed: "A training of several failed; its best model was used.",
  transmitted_light: "The stack seems to be recorded in transmitted light, which lowers the contrast in focus.",
  twin_image: "A single in-line hologram leaves a twin image.",
  uncertain_focus: "The focus was found with low confidence.",
  unregistered: "A stack and its target or ground truth are shifted against each other, or have little in common.",
} as const;

export type WarningCode = keyof typeof warningKinds;

export interface Warning {
  code: WarningCode;
  /** One or two sentences; options are named in backquotes, in snake_case. */
  text: string;
}

/** Names what warnings are about, such as a stack, before each text. */
export const warningsAbout = (name: string, warnings: readonly Warning[]): Warning[] =>
  warnings.map(({ code, text }) => ({ code, text: `${name}: ${text}` }));

/** Gives sentences of one kind their code. */
export const warningsOf = (code: WarningCode, sentences: readonly string[]): Warning[] =>
  sentences.map((text) => ({ code, text }));
