"""Tiny graphs with the inputs and outputs of exported Stable Diffusion pipelines, as optimum names them and as diffusers' old script did. Command: python tools/reference/exported_graphs.py (onnx 1.23.2)."""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

FOLDER = pathlib.Path(__file__).resolve().parents[2] / 'libs/pipelines/src/exported/fixtures'
info = helper.make_tensor_value_info
node = helper.make_node


def constant(name, values, dtype=np.int64):
    return numpy_helper.from_array(np.array(values, dtype), name)


def save(path, nodes, inputs, outputs, initializers, external=None):
    graph = helper.make_graph(nodes, 'tiny', inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    file = FOLDER / path / 'model.onnx'
    file.parent.mkdir(parents=True, exist_ok=True)
    if external:
        (file.parent / external).unlink(missing_ok=True)
        onnx.save(model, file, save_as_external_data=True, location=external, size_threshold=0)
    else:
        onnx.save(model, file)
    print(file, file.stat().st_size)


def unet(path, float_type, time_type, time_dims, external=None, xl=False):
    """out_sample = weight x sample x timestep + mean of the text (+ sum of text_embeds and time_ids)."""
    dtype = np.float16 if float_type == T.FLOAT16 else np.float32
    inputs = [info('sample', float_type, ['batch', 4, 'height', 'width']), info('timestep', time_type, time_dims), info('encoder_hidden_states', float_type, ['batch', 'tokens', 3])]
    # A node, since shapes cannot be read from a file beside the model.
    nodes = [
        node('Constant', [], ['column'], value=constant('column', [-1, 1, 1, 1])),
        node('Cast', ['timestep'], ['time_float'], to=float_type),
        node('Reshape', ['time_float', 'column'], ['time']),
        node('Mul', ['sample', 'time'], ['timed']),
        node('Mul', ['timed', 'weight'], ['weighted']),
        node('ReduceMean', ['encoder_hidden_states'], ['text'], axes=[1, 2], keepdims=1),
        node('Reshape', ['text', 'column'], ['text_column']),
        node('Add', ['weighted', 'text_column'], ['added' if xl else 'out_sample']),
    ]
    if xl:
        inputs += [info('text_embeds', float_type, ['batch', 2]), info('time_ids', float_type, ['batch', 6])]
        nodes += [
            node('Concat', ['text_embeds', 'time_ids'], ['conditions'], axis=1),
            node('ReduceMean', ['conditions'], ['condition'], axes=[1], keepdims=1),
            node('Reshape', ['condition', 'column'], ['condition_column']),
            node('Add', ['added', 'condition_column'], ['out_sample']),
        ]
    save(path, nodes, inputs, [info('out_sample', float_type, ['batch', 4, 'height', 'width'])], [constant('weight', np.full((1, 4, 1, 1), 0.5), dtype)], external)


def text(path, id_type, layers, pooled):
    """Hidden state i is the ids times i + 1; the last one is 100 more."""
    nodes = [node('Cast', ['input_ids'], ['ids'], to=T.FLOAT), node('Unsqueeze', ['ids', 'last'], ['column'])]
    outputs = [info('last_hidden_state', T.FLOAT, ['batch', 'tokens', 2]), info(pooled, T.FLOAT, ['batch', 2])]
    initializers = [constant('last', [-1]), constant('zero', 0), constant('hundred', 100, np.float32)]
    for i in range(layers + 1):
        initializers.append(constant(f'scale.{i}', [i + 1, -(i + 1)], np.float32))
        nodes.append(node('Mul', ['column', f'scale.{i}'], [f'hidden_states.{i}']))
        outputs.append(info(f'hidden_states.{i}', T.FLOAT, ['batch', 'tokens', 2]))
    nodes += [node('Add', [f'hidden_states.{layers}', 'hundred'], ['last_hidden_state']), node('Gather', ['last_hidden_state', 'zero'], [pooled], axis=1)]
    save(path, nodes, [info('input_ids', id_type, ['batch', 'tokens'])], outputs if layers else outputs[:2], initializers)


def channels(path, given, count, output, picks, factor=None):
    """Picks channels, by `factor` at the sides."""
    nodes = [node('Gather', [given, 'picks'], ['picked'], axis=1)]
    initializers = [constant('picks', picks)]
    if factor == 'smaller':
        nodes.append(node('AveragePool', ['picked'], [output], kernel_shape=[2, 2], strides=[2, 2]))
    else:
        nodes.append(node('Resize', ['picked', '', 'scales'], [output], mode='nearest', nearest_mode='floor', coordinate_transformation_mode='asymmetric'))
        initializers.append(constant('scales', [1, 1, 2, 2], np.float32))
    save(path, nodes, [info(given, T.FLOAT, ['batch', count, 'h', 'w'])], [info(output, T.FLOAT, ['batch', len(picks), 'h2', 'w2'])], initializers)


unet('optimum/unet', T.FLOAT, T.INT64, [], external='model.onnx_data')
text('optimum/text_encoder', T.INT64, 3, 'pooler_output')
channels('optimum/vae_encoder', 'sample', 3, 'latent_parameters', [0, 1, 2, 0, 2, 1, 0, 2], 'smaller')
channels('optimum/vae_decoder', 'latent_sample', 4, 'sample', [0, 1, 2])
unet('legacy/unet', T.FLOAT, T.FLOAT, ['batch'], external='weights.pb')
text('legacy/text_encoder', T.INT32, 0, 'pooler_output')
channels('legacy/vae_encoder', 'sample', 3, 'latent_sample', [0, 1, 2, 0], 'smaller')
channels('legacy/vae_decoder', 'latent_sample', 4, 'sample', [0, 1, 2])
unet('half-xl/unet', T.FLOAT16, T.INT64, ['steps'], xl=True)
text('half-xl/text_encoder_2', T.INT64, 2, 'text_embeds')
