"""What the fields of config.json mean, as far as the verdicts need it: by name, with exceptions for architectures."""

SIZE, COUNT, EPSILON, BASE, CONTEXT, FLOAT, WINDOW, SWITCH, WORD, LIST, OBJECT, IDLE = (
    "size", "count", "epsilon", "base", "context", "float", "window", "switch", "word", "list", "object", "idle")

# A size disagrees with the tensors where it is another; a count may be another; what is idle changes no logit.
KINDS = {
    SIZE: """hidden_size intermediate_size num_attention_heads num_hidden_layers num_key_value_heads head_dim vocab_size
             n_embd n_head n_layer moe_intermediate_size n_routed_experts num_local_experts kv_lora_rank q_lora_rank
             qk_nope_head_dim qk_rope_head_dim v_head_dim n_shared_experts first_k_dense_replace n_positions n_inner""",
    COUNT: "num_experts_per_tok n_group topk_group moe_layer_freq decoder_sparse_step",
    EPSILON: "rms_norm_eps layer_norm_epsilon",
    BASE: "rope_theta",
    CONTEXT: "max_position_embeddings",
    FLOAT: """routed_scaling_factor attn_logit_softcapping final_logit_softcapping query_pre_attn_scalar swiglu_alpha
              swiglu_limit""",
    WINDOW: "sliding_window",
    SWITCH: """tie_word_embeddings attention_bias mlp_bias norm_topk_prob rope_interleave use_sliding_window
               scale_attn_weights scale_attn_by_inverse_layer_idx add_cross_attention use_bidirectional_attention""",
    WORD: "model_type hidden_act hidden_activation activation_function scoring_func topk_method",
    LIST: "layer_types no_rope_layers mlp_only_layers",
    OBJECT: "rope_parameters rope_scaling quantization_config",
    IDLE: """architectures attention_dropout bos_token_id dtype eos_token_id initializer_range pad_token_id
             pretraining_tp transformers_version use_cache output_router_logits router_aux_loss_coef
             router_jitter_noise embd_pdrop resid_pdrop attn_pdrop summary_activation summary_first_dropout
             summary_proj_to_labels summary_type summary_use_proj reorder_and_upcast_attn ep_size max_window_layers
             n_ctx no_rope_layer_interval _sliding_window_pattern num_nextn_predict_layers
             original_max_position_embeddings qk_head_dim""",
}
BY_NAME = {name: kind for kind, names in KINDS.items() for name in names.split()}

# Fields that an architecture has and does not compute with.
IDLE_IN = {("deepseek", "num_key_value_heads"), ("deepseek", "head_dim"), ("qwen3-moe", "intermediate_size")}


def kind(name, field):
    """The kind of a folder's top-level field, or None where only the rules of its own apply."""
    if any(name.startswith(start) and field == each for start, each in IDLE_IN):
        return IDLE
    return BY_NAME[field]
