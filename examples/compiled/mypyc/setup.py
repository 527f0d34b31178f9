"""Compiles one module of the package."""

from mypyc.build import mypycify
from setuptools import setup

setup(packages=["fastwords"], ext_modules=mypycify(["fastwords/_count.py"], verbose=False))
