// Models behind handles, opened for use by nodes: text to noise prediction, pictures to latents, faces to scores.
export {};
