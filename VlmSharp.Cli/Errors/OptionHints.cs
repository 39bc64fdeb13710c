namespace VlmSharp.Cli.Errors;

/// <summary>Names of options that the usual PyTorch scripts have, and what they are called here.</summary>
internal static class OptionHints
{
    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        ["use_qlora"] = "--quantize nf4",
        ["use_lora"] = "nothing: an adapter is trained unless --full is given",
        ["qlora_r"] = "--lora-rank",
        ["lora_r"] = "--lora-rank",
        ["qlora_alpha"] = "--lora-alpha",
        ["qlora_dropout"] = "--lora-dropout",
        ["learning_rate"] = "--lr",
        ["num_epochs"] = "--epochs",
        ["num_train_epochs"] = "--epochs",
        ["max_steps"] = "--steps",
        ["output_dir"] = "--out",
        ["train_data_path"] = "--data",
        ["val_data_path"] = "--eval-data",
        ["per_device_train_batch_size"] = "--batch-size",
        ["train_batch_size"] = "--batch-size",
        ["gradient_accumulation_steps"] = "--accumulate",
        ["max_grad_norm"] = "--clip",
        ["lr_scheduler_type"] = "--schedule",
        ["resume_from_checkpoint"] = "--resume",
        ["save_steps"] = "--save-every",
        ["eval_steps"] = "--eval-every",
        ["target_modules"] = "--lora-targets",
        ["bf16"] = "--precision bf16",
    };

    /// <summary>What to write instead of an option that there is not, as a sentence; null where nothing is known.</summary>
    /// <param name="token">The option as given, with its dashes.</param>
    /// <returns>The hint.</returns>
    public static string? For(string token)
    {
        if (!token.StartsWith('-')) return null;
        string name = token.TrimStart('-').Replace('-', '_');
        int value = name.IndexOf('=', StringComparison.Ordinal);
        return Known.TryGetValue(value < 0 ? name : name[..value], out string? here) ? $"Here it is {here}." : null;
    }
}
