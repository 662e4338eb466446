"""The forward pass of one image in the libraries that users would pick instead of graftd: a function for each that runs it.

Weights are the same for all; of those that can, each uses its fastest layout. All compute in 32-bit floats.
"""
import os, subprocess, sys, warnings

warnings.filterwarnings("ignore")
import numpy as np, torch
from nets import make


def passes(arch, threads, work):
    """Yields (peer, function). `work` is a folder for the files that models are converted through."""
    net, image = make(arch), torch.randn(1, 3, 224, 224)
    pixels = image.numpy()
    onnx_path = os.path.join(work, f"{arch}.onnx")
    torch.onnx.export(net, image, onnx_path, input_names=["x"], output_names=["y"], dynamo=False, opset_version=17)

    torch.set_num_threads(threads)
    channels_last, image_last = make(arch).to(memory_format=torch.channels_last), image.to(memory_format=torch.channels_last)

    def in_torch(net, image):
        with torch.inference_mode(): net(image)
    yield "torch", lambda: in_torch(net, image)
    yield "torch, channels last", lambda: in_torch(channels_last, image_last)

    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(onnx_path, options, providers=["CPUExecutionProvider"])
    yield "onnxruntime", lambda: session.run(None, {"x": pixels})

    import openvino
    core = openvino.Core()
    request = core.compile_model(core.read_model(onnx_path), "CPU", {
        "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    yield "openvino", lambda: request.infer({0: pixels})

    import ncnn
    torch.jit.trace(net, image).save(os.path.join(work, f"{arch}.pt"))
    subprocess.run([os.path.join(os.path.dirname(sys.executable), "pnnx"), f"{arch}.pt", "inputshape=[1,3,224,224]", "fp16=0"],
                   cwd=work, capture_output=True, check=True)
    model = ncnn.Net()
    model.opt.num_threads = threads
    model.opt.use_bf16_storage = model.opt.use_fp16_storage = model.opt.use_fp16_arithmetic = False
    model.load_param(os.path.join(work, f"{arch}.ncnn.param"))
    model.load_model(os.path.join(work, f"{arch}.ncnn.bin"))
    planes = ncnn.Mat(np.ascontiguousarray(pixels[0]))

    def in_ncnn():
        extractor = model.create_extractor()
        extractor.input("in0", planes)
        extractor.extract("out0")
    yield "ncnn", in_ncnn
