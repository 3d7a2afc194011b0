#!/bin/sh
# LLVM's tool of this name: nothing about it is special to objects of this project.
exec @TOOL@ "$@"
