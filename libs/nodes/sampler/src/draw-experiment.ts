// Draw experiment: every model draws every prompt from the same noise, one model after the other.
import type { Image, Model, NodeRun, Variant } from '@facewright/core';
import type { drawExperiment } from './definition.ts';
import { drawList, wantedOf, type DrawSettings } from './draw-list.ts';
import { err } from './errors.ts';

/** Between two saves of what is drawn, ms: a crash costs no more than this and one group. */
const saveMs = 5000;

/** Throws SAMPLER_LABELS, SAMPLER_NO_MODELS, and as the Sampler. */
export const run: NodeRun<typeof drawExperiment> = async ({ models, prompts, seed, imagesPerPrompt, ...settings }, ctx) => {
  if (models.length === 0) throw err.NO_MODELS();
  const labels = models.map(({ label }) => label);
  const twice = labels.filter((label, i) => labels.indexOf(label) !== i);
  if (twice.length > 0) throw err.LABELS(twice);
  const wanted = wantedOf(prompts, seed, imagesPerPrompt);

  const drawn: Image[][] = (((await ctx.checkpoint.load())?.data as { readonly drawn: Image[][] } | undefined)?.drawn ?? []).map(
    (images) => [...images],
  );
  const before = drawn.reduce((sum, images) => sum + images.length, 0);
  const total = models.length * wanted.length;
  if (before > 0) ctx.log('info', `goes on after ${before} of ${total} pictures`);
  const save = () => ctx.checkpoint.save({ data: { drawn } });
  let saved = performance.now();
  for (const [i, { model }] of models.entries()) {
    const images = (drawn[i] ??= []);
    if (images.length === wanted.length) continue;
    const progress = { before: i * wanted.length + images.length, total };
    try {
      for await (const group of drawList({ model, wanted: wanted.slice(images.length), settings, progress }, ctx)) {
        images.push(...group);
        if (performance.now() - saved > saveMs) {
          await save();
          saved = performance.now();
        }
        await ctx.gate(save);
      }
    } catch (error) {
      // Cancelled between two steps of a picture: the gate saves the finished ones.
      if (ctx.signal.aborted) await ctx.gate(save);
      throw error;
    }
  }
  return { variants: models.map(({ label, model }, i) => ({ label, facts: factsOf(model, settings, drawn[i]![0]!), images: drawn[i]! })) };
};

/** For people who read a report. */
const factsOf = (
  { name, loras }: Model<'diffusion'>,
  { steps, guidance, scheduler, negativePrompt }: DrawSettings,
  { width, height }: Image,
): Variant['facts'] => ({
  model: name,
  ...(loras.length > 0 && { LoRAs: loras.map((lora) => `${lora.name} × ${lora.strength}`).join(', ') }),
  sampler: `${scheduler}, ${steps} steps, guidance ${guidance}`,
  size: `${width} × ${height}`,
  ...(negativePrompt !== '' && { 'negative prompt': negativePrompt }),
});
