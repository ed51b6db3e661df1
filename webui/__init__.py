"""The Stable-Diffusion WebUI and Forge: their controls to pictures and back, progress, stopping.

The only folder that knows the WebUI (`modules`) and gradio. scripts/tps_portrait_webui.py brings it
in; what it does is in tps_core and training.
"""
