namespace VlmSharp.Hub.Tests.Processes;

/// <summary>A test that needs Python's own library of the hub; VLMSHARP_PYTHON names a Python that has it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PythonFactAttribute : FactAttribute
{
    public PythonFactAttribute()
    {
        if (!Python.HasHub) Skip = $"{Python.Program} has no huggingface_hub: install it and name the python in VLMSHARP_PYTHON.";
    }
}
