using System.Collections.Immutable;
using System.Globalization;
using VlmSharp.Compute;
using VlmSharp.Formats;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training;

/// <summary>
/// Writes the loss and the gradients of one batch to a safetensors file, to compare with other implementations and between backends.
/// </summary>
public static class GradientFile
{
    /// <summary>Writes <c>loss</c> [1] and <c>grad.NAME</c> for each trained parameter, in its stored shape, all F32.</summary>
    /// <param name="path">A safetensors file; an existing one is replaced.</param>
    /// <param name="model">Has the gradients, as sums of its tape.</param>
    /// <param name="loss">The value that the gradients belong to.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="ModelFormatException">
    /// The loss is not a finite number, or a file of the model was written to since it was opened.
    /// </exception>
    public static void Write(string path, TrainableModel model, double loss)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.RequireUnchanged();
        if (!double.IsFinite(loss))
        {
            throw new ModelFormatException(
                $"The loss is {loss.ToString(CultureInfo.InvariantCulture)}: weights of the model are not finite "
                + "numbers, or too large to compute with. 'vlmsharp caption' with this model names the layer.");
        }

        var tensors = new List<TensorToWrite> { TensorToWrite.FromFloats("loss", DType.F32, [1], new[] { (float)loss }) };
        foreach (Parameter parameter in model.Parameters)
        {
            (string name, ImmutableArray<long> shape) = model.StoredAs(parameter);
            tensors.Add(new TensorToWrite(
                $"grad.{name}", SafetensorsType.F32, shape,
                stream => TensorToWrite.WriteFloats(stream, DType.F32, Values(model, parameter))));
        }

        SafetensorsWriter.Write(path, tensors);
    }

    private static float[] Values(TrainableModel model, Parameter parameter)
    {
        if (parameter.Length > Array.MaxLength)
            throw new RequestException(
                $"{parameter.Weight} has more numbers than can be read at once: only parameters of up to {Array.MaxLength} are written.");
        float[] values = new float[parameter.Length];
        Matrix gradient = model.Tape.Gradient(parameter.Weight);
        if (gradient.HasValue) model.Tape.Download(gradient, values); // else the loss does not depend on it
        return values;
    }
}
