"""A half-real WebUI to test in: the classes of A1111 1.7.0 that extensions meet, and a page.

Runs in an environment of webui_environment.py, not in the project's own:

    python webui_host.py MODULES EXTENSION DATA PORT [--forge] [the WebUI's own arguments]

Real are Script, ScriptRunner, ScriptPostprocessing and its runner, the callbacks, the loading of
scripts, the state and the whole of Extras. Ours is what the wheel doesn't carry: a page with
txt2img, img2img, Extras and the tabs, whose "generated" picture is DATA/generated.png; the
infotext; the options; reloading (POST /host/reload). With --forge it has Forge's habits: folders of
extensions stay in sys.path, and txt2img's hooks run in inference mode.
"""

import argparse
import contextlib
import html
import importlib
import inspect
import os
import sys
import threading
import types
from pathlib import Path

import gradio as gr
import torch
from PIL import Image, PngImagePlugin

from webui_infotext import quote, read_infotext

IS_GRADIO_4 = int(gr.__version__.split(".")[0]) >= 4
render = gr.routes.templates.TemplateResponse


def read_arguments():
    parser = argparse.ArgumentParser()
    for name in ("modules", "extension", "data"):
        parser.add_argument(name, type=Path)
    parser.add_argument("port", type=int)
    for name in ("forge", "api", "listen", "share", "hide-ui-dir-config"):
        parser.add_argument(f"--{name}", action="store_true")
    for name in ("api-auth", "gradio-auth", "server-name", "subpath"):
        parser.add_argument(f"--{name}")
    return parser.parse_args()


class Options:
    """Extras asks for these."""

    postprocessing_operation_order = ()
    postprocessing_disable_in_extras = ()
    postprocessing_enable_in_main_ui = ()
    live_previews_enable = False
    show_progress_every_n_steps = -1
    enable_pnginfo = True
    outdir_samples = ""
    use_original_name_batch = True
    samples_format = "png"

    def __init__(self, data):
        self.outdir_extras_samples = str(data / "output")


def module(name, **content):
    made = types.ModuleType(f"modules.{name}")
    made.__dict__.update(content)
    sys.modules[made.__name__] = made
    parent, _, last = made.__name__.rpartition(".")
    setattr(sys.modules[parent], last, made)
    return made


def prepare_modules(arguments):
    """Makes `modules`: the wheel's own files, and before them what is missing there or altered."""
    package = types.ModuleType("modules")
    package.__path__ = [str(arguments.modules)]
    sys.modules["modules"] = package
    models = arguments.data / "models"
    models.mkdir(parents=True, exist_ok=True)
    module("paths_internal", models_path=str(models), data_path=str(arguments.data))
    module("paths", script_path=str(arguments.data))
    module("devices", torch_gc=lambda: None, get_device_for=lambda task: torch.device("cpu"))
    shared = module(
        "shared",
        opts=Options(arguments.data),
        cmd_opts=arguments,
        parallel_processing_allowed=True,
        listfiles=lambda folder: sorted(str(path) for path in Path(folder).iterdir()),
    )
    module("call_queue", queue_lock=threading.Lock())
    infotext = module("generation_parameters_copypaste", quote=quote)
    sys.modules["modules.infotext_utils"] = infotext
    module("ui_common", plaintext_to_html=lambda text: f"<p>{html.escape(text)}</p>")
    module("api").__path__ = []
    module("api.models", ScriptArg=Record, ScriptInfo=Record)
    module("images", save_image=save_image, read_info_from_image=read_info)
    shared.state = importlib.import_module("modules.shared_state").State()


class Record:
    def __init__(self, **content):
        self.__dict__.update(content)


def save_image(image, path, basename="", extension="png", info=None, **more):
    chunks = PngImagePlugin.PngInfo()
    if info:
        chunks.add_text(more.get("pnginfo_section_name", "parameters"), info)
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    name = more.get("forced_filename") or f"{len(list(folder.iterdir())):05}"
    image.save(folder / f"{name}.{extension}", pnginfo=chunks)
    return str(folder / f"{name}.{extension}"), None


def read_info(image):
    return image.info.get("parameters"), {
        key: value for key, value in image.info.items() if isinstance(value, str)
    }


def load_extension(folder, is_forge):
    """As the WebUI does: every file of scripts/ by its path, classes by looking into it."""
    scripts = importlib.import_module("modules.scripts")
    postprocessing = importlib.import_module("modules.scripts_postprocessing")
    callbacks = importlib.import_module("modules.script_callbacks")
    loading = importlib.import_module("modules.script_loading")
    scripts.scripts_data.clear()
    scripts.postprocessing_scripts_data.clear()
    callbacks.clear_callbacks()
    plot = types.ModuleType("xyz_grid.py")  # the plot, which others add their axes to
    plot.AxisOption, plot.axis_options = AxisOption, []
    plot.Script = type("Script", (scripts.Script,), {"__module__": "xyz_grid.py"})
    plot.Script.title = lambda self: "X/Y/Z plot"
    scripts.scripts_data.append(scripts.ScriptClassData(plot.Script, "xyz_grid.py", "", plot))
    for path in sorted(map(str, (folder / "scripts").glob("*.py"))):
        before = sys.path
        sys.path = [str(folder), *sys.path]
        scripts.current_basedir = str(folder)
        try:
            loaded = loading.load_module(path)
        finally:
            scripts.current_basedir = "/"
            if not is_forge:
                sys.path = before
        for kind in filter(inspect.isclass, vars(loaded).values()):
            found = scripts.ScriptClassData(kind, path, str(folder), loaded)
            if issubclass(kind, scripts.Script):
                scripts.scripts_data.append(found)
            elif issubclass(kind, postprocessing.ScriptPostprocessing):
                scripts.postprocessing_scripts_data.append(found)
    scripts.scripts_txt2img, scripts.scripts_img2img = (
        scripts.ScriptRunner(),
        scripts.ScriptRunner(),
    )
    scripts.scripts_postproc = postprocessing.ScriptPostprocessingRunner()


class AxisOption:
    def __init__(self, label, type, apply, **more):
        self.label, self.type, self.apply, self.choices = label, type, apply, more.get("choices")


def make_page(arguments):
    scripts = importlib.import_module("modules.scripts")
    callbacks = importlib.import_module("modules.script_callbacks")
    for each in callbacks.callback_map["callbacks_before_ui"]:  # the wheel hands over an argument
        each.callback()
    shown = [
        (make_generating(scripts.scripts_txt2img, False, arguments), "txt2img", "txt2img"),
        (make_generating(scripts.scripts_img2img, True, arguments), "img2img", "img2img"),
        (make_extras(scripts.scripts_postproc), "Extras", "extras"),
        *callbacks.ui_tabs_callback(),
    ]
    files = [*(arguments.extension / "javascript").glob("*.js")]
    css = (arguments.extension / "style.css").read_text()
    with gr.Blocks(title="half a WebUI", css=css) as demo, gr.Tabs(elem_id="tabs"):
        for block, label, id in shown:
            with gr.TabItem(label, id=id, elem_id=f"tab_{id}"):
                block.render()
    put_into_head(
        "function gradioApp() { return document; }", *(file.read_text() for file in files)
    )
    demo.queue(default_concurrency_limit=64) if IS_GRADIO_4 else demo.queue(64)
    return demo


def put_into_head(*scripts):
    """Into that of every page, as the WebUI does."""
    head = "".join(f"<script>{script}</script>" for script in scripts)

    def with_scripts(*arguments, **more):
        answer = render(*arguments, **more)
        answer.body = answer.body.replace(b"</head>", head.encode() + b"</head>")
        answer.init_headers()
        return answer

    gr.routes.templates.TemplateResponse = with_scripts


def make_generating(runner, is_img2img, arguments):
    """A tab that "generates" DATA/generated.png and sends it through the scripts' hooks."""
    name = "img2img" if is_img2img else "txt2img"
    scripts = importlib.import_module("modules.scripts")
    with gr.Blocks() as block:
        scripts.scripts_current = runner
        runner.initialize_scripts(is_img2img)
        runner.prepare_ui()
        choice = runner.setup_ui()[0]
        go = gr.Button("Generate", elem_id=f"{name}_generate")
        result = gr.Image(type="pil", elem_id=f"{name}_result")
        text = gr.Textbox(label="Infotext", elem_id=f"{name}_infotext")
        paste = gr.Button("Paste", elem_id=f"{name}_paste")
        inputs = [choice, *runner.inputs[1:]]

        def generate(*values):
            image = Image.open(arguments.data / "generated.png")
            processing = types.SimpleNamespace(extra_generation_params={}, comments=[])
            processing.comment = processing.comments.append
            processing.script_args = values
            mode = torch.inference_mode() if arguments.forge else contextlib.nullcontext()
            with mode:
                runner.process(processing)
                shown = scripts.PostprocessImageArgs(image)
                runner.postprocess_image(processing, shown)
            written = processing.extra_generation_params.items()
            return shown.image, ", ".join(f"{key}: {quote(value)}" for key, value in written)

        fields = runner.infotext_fields

        def pasted(written):
            """As the WebUI's parse_info."""
            found, updates = read_infotext(written), []
            for component, key in fields:
                value = key(found) if callable(key) else found.get(key)
                if value is None or isinstance(value, dict):  # nothing, or an update
                    updates.append(value or gr.update())
                    continue
                kind = type(component.value)
                updates.append(gr.update(value=False if value == "False" else kind(value)))
            return updates

        go.click(generate, inputs, [result, text])
        paste.click(pasted, [text], [component for component, _ in fields])
    return block


def make_extras(runner):
    postprocessing = importlib.import_module("modules.postprocessing")
    with gr.Blocks() as block:
        image = gr.Image(type="pil", image_mode="RGBA", elem_id="extras_image", label="Source")
        inputs = runner.setup_ui()
        go = gr.Button("Generate", elem_id="extras_generate")
        gallery = gr.Gallery(elem_id="extras_gallery", label="Output")
        info, log = gr.HTML(elem_id="html_info_extras"), gr.HTML(elem_id="html_log_extras")

        def run(image, *values):
            return postprocessing.run_postprocessing(0, image, None, "", "", True, *values)

        go.click(run, [image, *inputs], [gallery, info, log])
    return block


def serve(demo, arguments, reload):
    """Starts the page and tells the extensions."""
    app, _, _ = demo.launch(
        server_name="127.0.0.1",
        server_port=arguments.port,
        prevent_thread_lock=True,
        quiet=True,
        auth=[tuple(arguments.gradio_auth.split(":"))] if arguments.gradio_auth else None,
    )

    @app.post("/host/reload")
    def ask_to_reload():
        reload.set()
        return {}

    importlib.import_module("modules.script_callbacks").app_started_callback(demo, app)


def main():
    arguments = read_arguments()
    os.chdir(arguments.data)
    prepare_modules(arguments)
    reload = threading.Event()
    while True:
        load_extension(arguments.extension, arguments.forge)
        demo = make_page(arguments)
        serve(demo, arguments, reload)
        print(f"HALF A WEBUI IS UP with gradio {gr.__version__}", flush=True)
        reload.wait()
        reload.clear()
        demo.close()
        importlib.import_module("modules.script_callbacks").script_unloaded_callback()


if __name__ == "__main__":
    main()
