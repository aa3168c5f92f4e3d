"""The JVM contenders: Java sources, the jars they need, and how they are compiled and started.

No JDK is needed: the Java runtime and the compiler (Eclipse's) come as packages like everything else.
"""
