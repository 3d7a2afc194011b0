return {value = 42, name = ...}
