namespace VlmSharp.Evaluation.Files;

/// <summary>A model's output for a picture or a question.</summary>
/// <param name="Id">The id of the picture or question.</param>
/// <param name="Text">The caption or answer.</param>
internal readonly record struct Prediction(string Id, string Text);
