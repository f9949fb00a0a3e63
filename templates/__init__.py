"""The texts that reach phones, as Jinja templates; users override them one by one."""
