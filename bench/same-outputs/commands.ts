/**
 * Commands of small size, one after the other: task to command line. What a task writes goes into the folder of its name, and later
 * tasks read it there. Every command is run with --json.
 */

const size = "--size 64 --seed 1 --threads 1";
const tiny = "--num-steps 3 --steps-per-epoch 2 --batch-size 2 --threads 1 --device cpu";
const optics = "--na 0.8 --wavelength 0.515";
const beads = "simulate-beads/beads.tif";
/** Simulated fields to train on. */
const recipe = "--set size=96 --set planes=7 --set specimen.beads=20 --pool-fields 1";
const large = "simulate-large/beads.tif";
const widefield = "simulate-pair/pair_input.tif";
const confocal = "simulate-pair/pair_target.tif";
const target = `--target ${confocal}`;
const model = (name: string, experiment: string) => `--model train-${name}/${experiment}/version_0 --threads 1`;

export const commands: Readonly<Record<string, string>> = {
  "simulate-beads": `simulate beads -o ${beads} ${size} --planes 9 --beads 6`,
  "simulate-large": `simulate beads -o ${large} --size 160 --seed 2 --planes 9 --beads 20 --set specimen.depth_range=[-3,3]`,
  "simulate-set": `simulate nuclei -o simulate-set ${size} --planes 3 --fields 3 --volume`,
  "simulate-filaments": `simulate filaments -o simulate-filaments/stack.tif ${size} --planes 5`,
  "simulate-mitochondria": `simulate mitochondria -o simulate-mitochondria/stack.ome.tif ${size} --planes 5`,
  "simulate-worm": `simulate worm -o simulate-worm/stack.tif ${size} --planes 5`,
  "simulate-tissue": `simulate tissue -o simulate-tissue/stack.tif ${size} --planes 5`,
  "simulate-aberrated": `simulate beads-aberrated -o simulate-aberrated/stack.tif ${size} --planes 7`,
  "simulate-sim": `simulate wf-to-os-sim -o simulate-sim/field.tif ${size} --planes 3 --fields 1`,
  "simulate-hilo": `simulate tissue -o simulate-hilo/field.tif ${size} --planes 3 --set images.stack.mode=hilo`,
  "simulate-pair": `simulate wf-to-confocal -o simulate-pair/pair.tif ${size} --planes 5 --fields 1`,
  "simulate-hologram": `simulate holograms -o simulate-hologram/cells.tif ${size} --planes 3 --fields 1`,
  inspect: `inspect ${beads}`,
  "psf-scalar": `psf -o psf-scalar/psf.tif ${optics} --pixel-size 0.325 --z-step 1 --planes 9 --size 15`,
  "psf-vectorial":
    "psf -o psf-vectorial/psf.tif --psf vectorial --na 1.2 --refractive-index 1.515 --depth 5 --planes 3",
  "psf-beads": `psf ${beads} ${optics} --half 6 --max-beads 3 --fit bead_diameter -o psf-beads/measured.tif`,
  autofocus: `autofocus ${beads} --tile 16 --threads 1`,
  fuse: `fuse ${beads} -o fuse/fused.tif`,
  "deconvolve-rl": `deconvolve ${beads} ${optics} --iterations 5 --tv 0.01 -o deconvolve-rl/out.tif`,
  "deconvolve-accelerated": `deconvolve ${beads} ${optics} --iterations 5 --acceleration -o deconvolve-accelerated/out.tif`,
  "deconvolve-wiener": `deconvolve ${beads} --psf psf-scalar/psf.tif --method wiener -o deconvolve-wiener/out.ome.tif`,
  "deconvolve-consensus": `deconvolve ${beads} ${optics} --method consensus --gain 2 -o deconvolve-consensus/out.tif`,
  "deconvolve-planes": `deconvolve ${beads} ${optics} --planes-separately --dtype uint16 --rescale -o deconvolve-planes/out.tif`,
  "section-sim": "section simulate-sim/field_target_exposures.tif --method sim --offset 100 -o section-sim/out.tif",
  "section-hilo": `section simulate-hilo/field_exposures.tif --method hilo --offset 100 ${optics} -o section-hilo/out.tif`,
  "reconstruct-off-axis":
    "reconstruct simulate-hologram/cells_off-axis.tif --wavelength 0.633 --off-axis auto --input-planes 1 --distance 0 -o reconstruct-off-axis/field.tif",
  "reconstruct-auto":
    "reconstruct simulate-hologram/cells_in-line.tif --wavelength 0.633 --input-planes 0 --distance auto --range=-30:30 -o reconstruct-auto/field.tif",
  "reconstruct-planes":
    "reconstruct simulate-hologram/cells_in-line.tif --wavelength 0.633 --method multi-height --iterations 3 -o reconstruct-planes/field.tif",
  "reconstruct-tie":
    "reconstruct simulate-hologram/cells_in-line.tif --wavelength 0.633 --method tie -o reconstruct-tie/field.tif",
  "train-deep-z": `train ${beads} ${optics} ${tiny} --patch-size 16 --input-offsets 0,2 --distance-range=-2:4 -o train-deep-z`,
  "train-adversarial": `train beads ${recipe} ${tiny} --patch-size 64 --adversarial-weight 0.02 -o train-adversarial`,
  "train-recurrent-mz": `train ${beads} --method recurrent-mz ${tiny} --patch-size 16 --distance-range=-2:2 -o train-recurrent-mz`,
  "train-rlp": `train ${beads} --method rlp ${tiny} --patch-size 16 --distance-range=-2:2 -o train-rlp`,
  "train-autofocus": `train ${large} --task autofocus ${tiny} --patch-size 32 -o train-autofocus`,
  "train-pix2pix": `train ${widefield} ${target} --method pix2pix ${tiny} --patch-size 32 -o train-pix2pix`,
  "train-comi": `train ${widefield} ${target} --method comi ${tiny} --patch-size 16 -o train-comi`,
  "train-care": `train ${widefield} ${target} --method care ${tiny} --patch-size 16 --loss laplace -o train-care`,
  "train-unet": `train ${widefield} ${target} --method unet ${tiny} --patch-size 16 -o train-unet`,
  "train-self-supervised": `train ${large} ${optics} --method self-supervised ${tiny} --patch-size 72 --train-columns 0:80 -o train-self-supervised`,
  "train-recipe": `train beads ${recipe} ${tiny} --patch-size 16 -o train-recipe`,
  refocus: `refocus ${beads} ${model("deep-z", "refocus")} --input-planes 3,5 --z=-1:2:1 -o refocus/out.tif`,
  "refocus-near": `refocus ${beads} ${model("deep-z", "refocus")} --input-planes 3,5 --z=-1:1:1 -o refocus-near/out.tif`,
  "refocus-surface": `refocus ${beads} ${model("deep-z", "refocus")} --input-planes 3,5 --z 0 --surface auto -o refocus-surface/out.tif`,
  "refocus-mz": `refocus ${beads} ${model("recurrent-mz", "recurrent-mz")} --input-planes 3,5 --z=-1:1:1 -o refocus-mz/out.tif`,
  "section-model": `section ${widefield} ${model("care", "care")} --uncertainty section-model/uncertainty.tif -o section-model/out.tif`,
  "autofocus-model": `autofocus ${beads} ${model("autofocus", "autofocus")} -o autofocus-model/map.tif --sheet autofocus-model/sheet.png`,
  evaluate: `evaluate fuse/fused.tif --truth fuse/fused_depth.tif`,
  "evaluate-input": `evaluate refocus-near/out.tif --truth refocus-mz/out.tif --input ${beads} --input-planes 3,5 --distances=-1,0,1 --sheet evaluate-input/sheet.png`,
  study: `study ${beads} ${model("deep-z", "refocus")} ${optics} -o study`,
  "study-section": `study ${widefield} --truth ${confocal} ${model("care", "care")} --no-classical -o study-section`,
  generalise: `generalise ${beads} simulate-aberrated/stack.tif ${tiny} --patch-size 16 --distance-range=-1:3 --input-offsets 0,2 -o generalise`,
  demo: "demo --minutes 0.05 --patch-size 16 --batch-size 2 --num-steps 3 --steps-per-epoch 2 --threads 1 -o demo",
};
