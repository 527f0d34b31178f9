"""Builds the extension module."""

from Cython.Build import cythonize
from setuptools import setup

setup(packages=["fastwords"], ext_modules=cythonize(["fastwords/_count.pyx"], quiet=True))
