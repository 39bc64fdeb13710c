using VlmSharp.Compute;
using VlmSharp.Formats;
using VlmSharp.Imaging;

namespace VlmSharp.Adapters;

/// <summary>How the tensors of a written adapter are named, which depends on the version of transformers.</summary>
internal enum AdapterNaming
{
    /// <summary>As in published adapters and in transformers before 4.52. Later versions read these names too.</summary>
    Historic,

    /// <summary>As in transformers 4.52 and later.</summary>
    Recent,
}

/// <summary>A layer's two matrices on the host.</summary>
/// <param name="Module">Its name, sizes and rank.</param>
/// <param name="A">[rank, in], row-major.</param>
/// <param name="B">[out, rank], row-major.</param>
internal sealed record LowRankValues(AdaptedModule Module, float[] A, float[] B);

/// <summary>Writes the folder of an adapter as PEFT does.</summary>
internal static class AdapterWriter
{
    /// <summary>
    /// Writes <c>adapter_model.safetensors</c>, then <c>adapter_config.json</c>. An existing file is replaced in one step when the new one
    /// is complete.
    /// </summary>
    /// <param name="directory">The folder; created when it does not exist.</param>
    /// <param name="config">What <c>adapter_config.json</c> will say; it should select exactly these layers.</param>
    /// <param name="layers">The matrices, written in F32.</param>
    /// <param name="naming">How they are named.</param>
    /// <exception cref="IOException">The files cannot be written.</exception>
    public static void Write(
        string directory, AdapterConfig config, IEnumerable<LowRankValues> layers, AdapterNaming naming = AdapterNaming.Historic)
    {
        Directory.CreateDirectory(directory);
        SafetensorsWriter.Write(Path.Combine(directory, AdapterFile.TensorsName), layers.SelectMany(layer => Tensors(layer, naming)));
        PartialFile.Write(Path.Combine(directory, AdapterConfig.FileName), stream => stream.Write(config.ToJson()));
    }

    /// <summary>The name of one of a layer's two matrices in the file.</summary>
    /// <param name="module">The layer's canonical name.</param>
    /// <param name="half"><c>lora_A</c> or <c>lora_B</c>.</param>
    /// <param name="naming">How it is named.</param>
    public static string NameOf(string module, string half, AdapterNaming naming) =>
        $"{ModuleNames.Prefix}{ModuleNames.In(module, naming == AdapterNaming.Recent ? 1 : 0)}.{half}.weight";

    private static IEnumerable<TensorToWrite> Tensors(LowRankValues layer, AdapterNaming naming)
    {
        (AdaptedModule m, float[] a, float[] b) = layer;
        yield return TensorToWrite.FromFloats(NameOf(m.Name, "lora_A", naming), DType.F32, [m.Rank, m.Inputs], a);
        yield return TensorToWrite.FromFloats(NameOf(m.Name, "lora_B", naming), DType.F32, [m.Outputs, m.Rank], b);
    }
}
